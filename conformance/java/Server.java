import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;

/** The real server as a process on a free port, with a directory of its own. */
final class Server implements AutoCloseable {
  private final Path home;
  private final Process process;
  private final String address;

  Server(String binary) throws IOException {
    home = Files.createTempDirectory("millstream-java-");
    ProcessBuilder builder =
        new ProcessBuilder(
            binary, "serve", "--listen", "127.0.0.1:0", "--limits", "off", "--data-dir", home.resolve("data").toString());
    builder.redirectError(home.resolve("log.txt").toFile());
    process = builder.start();
    BufferedReader output = new BufferedReader(new InputStreamReader(process.getInputStream()));
    String line = output.readLine();
    if (line == null || !line.startsWith("listening on http://")) {
      throw new IOException("the server said " + line + "\n" + Files.readString(home.resolve("log.txt")));
    }
    address = line.substring("listening on http://".length());
  }

  URI clear() {
    return URI.create("http://" + address);
  }

  URI secure() {
    return URI.create("https://localhost:" + clear().getPort());
  }

  Path certificate() {
    return home.resolve("data/tls/cert.pem");
  }

  @Override
  public void close() throws Exception {
    process.destroyForcibly().waitFor();
    try (var files = Files.walk(home)) {
      files.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
    }
  }
}
