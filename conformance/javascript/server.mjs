// The real server as a process on a free port, with a directory of its own.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export async function start(binary, ...options) {
  const home = mkdtempSync(join(tmpdir(), "millstream-javascript-"));
  const data = join(home, "data");
  const child = spawn(binary, ["serve", "--listen", "127.0.0.1:0", "--data-dir", data, ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const line = await new Promise((resolve, reject) => {
    createInterface(child.stdout).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
  const clear = line.replace("listening on ", "");
  return {
    clear,
    secure: clear.replace("http://127.0.0.1", "https://localhost"),
    certificate: () => readFileSync(join(data, "tls/cert.pem")),
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
      rmSync(home, { recursive: true, force: true });
    },
  };
}
