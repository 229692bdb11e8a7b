//! Reading an object, in the clear or sealed.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use millstream_vault::{ChunkOpener, TAG_BYTES};

use crate::attributes::ObjectInfo;
use crate::encryption::{CHUNK_BYTES, Role, SEALED_CHUNK_BYTES, Sealing};
use crate::error::{Error, Result};
use crate::record::{self, End};

/// An open object: it can be read to its end whatever becomes of its key.
pub struct ObjectReader {
    info: ObjectInfo,
    file: File,
    path: PathBuf,
    content: Content,
}

/// How the bytes lie in the file.
enum Content {
    Plain,
    /// Sealed, and its key was not given yet.
    Shut(End),
    /// Sealed, and its key was given.
    Open(Box<ChunkOpener>),
}

/// Opens an object's file.
pub(crate) fn open(path: &Path) -> Result<ObjectReader> {
    let file = File::open(path).map_err(|error| match is_absent(&error) {
        true => Error::NoSuchKey,
        false => Error::io("opening an object")(error),
    })?;
    let (info, end) = record::read(&file, path)?;
    let content = end.map_or(Content::Plain, Content::Shut);
    Ok(ObjectReader { info, file, path: path.to_owned(), content })
}

/// No such file, or what would be its directory is none.
pub(crate) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

impl ObjectReader {
    /// What it is.
    pub fn info(&self) -> &ObjectInfo {
        &self.info
    }

    /// Takes the key to a sealed object, without which it cannot be read.
    ///
    /// # Errors
    /// [`Error::Damaged`] if the file is not what was sealed with this key.
    pub fn unseal(self, sealing: &Sealing) -> Result<Self> {
        self.unseal_as(Some(sealing), Role::Object)
    }

    pub(crate) fn unseal_as(mut self, sealing: Option<&Sealing>, role: Role) -> Result<Self> {
        if let (Some(sealing), Content::Shut(end)) = (sealing, &self.content) {
            let opener = sealing.opener(role, &end.salt);
            self.info.checksum = end.open(&opener).ok_or_else(|| self.damaged())?;
            self.content = Content::Open(Box::new(opener));
        }
        Ok(self)
    }

    /// Reads bytes from `offset` on, as many as the buffer takes or are left; how many that are.
    ///
    /// # Errors
    /// [`Error::Sealed`] if the key was not given, [`Error::Damaged`] if a chunk is not what was sealed, or the disk's.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let left = self.info.size.saturating_sub(offset);
        let wanted = (buffer.len() as u64).min(left) as usize;
        let buffer = &mut buffer[..wanted];
        match &self.content {
            Content::Plain => self.read_exact(offset, buffer)?,
            Content::Shut(_) => return Err(Error::Sealed),
            Content::Open(opener) => self.read_chunks(opener, offset, buffer)?,
        }
        Ok(wanted)
    }

    fn read_exact(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.file.read_exact_at(buffer, offset).map_err(Error::io("reading an object"))
    }

    /// The chunks that the buffer's bytes are in, one at a time. All of the buffer is within the object.
    fn read_chunks(&self, opener: &ChunkOpener, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let mut chunk =
            Vec::with_capacity(SEALED_CHUNK_BYTES.min(self.info.size as usize + TAG_BYTES));
        let mut done = 0;
        while done < buffer.len() {
            let at = offset + done as u64;
            let (number, skipped) = (at / CHUNK_BYTES as u64, (at % CHUNK_BYTES as u64) as usize);
            let begin = number * CHUNK_BYTES as u64;
            let bytes = (self.info.size - begin).min(CHUNK_BYTES as u64) as usize;
            chunk.resize(bytes + TAG_BYTES, 0);
            self.read_exact(number * SEALED_CHUNK_BYTES as u64, &mut chunk)?;
            let opened = opener.open(number, &mut chunk).ok_or_else(|| self.damaged())?;
            let rest = &mut buffer[done..];
            let count = rest.len().min(opened.len() - skipped);
            rest[..count].copy_from_slice(&opened[skipped..skipped + count]);
            done += count;
        }
        Ok(())
    }

    fn damaged(&self) -> Error {
        Error::Damaged { path: self.path.display().to_string() }
    }
}
