//! The real server as a process on a free port, with a directory of its own.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

pub struct Server {
    child: Child,
    home: PathBuf,
    address: String,
}

impl Server {
    pub fn start(binary: &str) -> Self {
        let home = std::env::temp_dir().join(format!("millstream-rust-sdk-{}", std::process::id()));
        std::fs::create_dir_all(&home).expect("a temporary directory");
        let mut child = Command::new(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--limits", "off", "--data-dir"])
            .arg(home.join("data"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server runs");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("its output is piped"));
        output.read_line(&mut line).expect("its output is text");
        let address =
            line.trim().strip_prefix("listening on http://").expect("an address").to_owned();
        Server { child, home, address }
    }

    pub fn clear(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn secure(&self) -> String {
        let port = self.address.rsplit(':').next().unwrap_or_default();
        format!("https://localhost:{port}")
    }

    pub fn certificate(&self) -> Vec<u8> {
        std::fs::read(self.home.join("data/tls/cert.pem")).expect("the server's certificate")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.home);
    }
}
