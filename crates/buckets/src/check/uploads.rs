//! Uploads in parts that are open.

use std::fs;
use std::path::Path;

use super::file::open_file;
use super::{Check, Place, words};
use crate::encryption::Role;
use crate::error::Error;
use crate::limits::PARTS_MAX;
use crate::names::UploadId;
use crate::uploads::{RECORD, UploadInfo, part_name, read_upload};

impl Check<'_> {
    pub(super) fn uploads(&mut self, place: &Place, directory: &Path) {
        self.each_of(directory, |check, path, name| match name.parse::<UploadId>() {
            Ok(id) => check.upload(place, path, &id),
            Err(_) => check.note(path, "this is no upload; it is ignored"),
        });
    }

    fn upload(&mut self, place: &Place, directory: &Path, id: &UploadId) {
        self.report.uploads += 1;
        let upload = match read_upload(directory, id) {
            Ok(upload) => Some(upload),
            Err(error) => {
                let what = match error {
                    Error::NoSuchUpload => "the file is missing".into(),
                    error => words(&error),
                };
                self.damage(&directory.join(RECORD), what);
                None
            }
        };
        self.each_of(directory, |check, path, name| {
            let number = name.parse::<u32>().ok().filter(|number| part_name(*number) == name);
            match number.filter(|number| (1..=PARTS_MAX).contains(number)) {
                Some(number) => check.part(place, path, number, upload.as_ref()),
                None if name == RECORD => {}
                None => check.note(path, "this is no part; it is ignored"),
            }
        });
    }

    fn part(&mut self, place: &Place, path: &Path, number: u32, upload: Option<&UploadInfo>) {
        self.report.parts += 1;
        let checked = open_file(path).and_then(|reader| {
            let info = reader.info();
            let is_of = |upload: &UploadInfo| {
                info.key == upload.key && info.sealed.as_deref() == upload.sealed.as_ref()
            };
            match upload.is_none_or(is_of) {
                true => self.content(place, reader, Role::Part(number)),
                false => Err("it is a part of another upload".into()),
            }
        });
        if let Err(what) = checked {
            self.damage(path, what);
        }
    }

    fn each_of(&mut self, directory: &Path, mut see: impl FnMut(&mut Self, &Path, &str)) {
        let entries = match fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) => return self.damage(directory, words(&Error::io("")(error))),
        };
        for entry in entries {
            match entry {
                Ok(entry) => see(self, &entry.path(), &entry.file_name().to_string_lossy()),
                Err(error) => return self.damage(directory, words(&Error::io("")(error))),
            }
        }
    }
}
