// SPDX-License-Identifier: BSD-2-Clause
// Server.java - HTTP by com.sun.net.httpserver, port 8000: files, an echo.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Executors;

public class Server {
    private static void answer(HttpExchange e, int status, byte[] body)
            throws IOException {
        e.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        if (body.length != 0)
            e.getResponseBody().write(body);
        e.close();
    }

    private static void file(HttpExchange e) throws IOException {
        String name = e.getRequestURI().getPath();
        Path path = Path.of("/srv/www",
                            name.equals("/") ? "index.html" : name);

        if (Files.exists(path))
            answer(e, 200, Files.readAllBytes(path));
        else
            answer(e, 404, "none\n".getBytes());
    }

    public static void main(String[] args) throws IOException {
        HttpServer server =
            HttpServer.create(new InetSocketAddress(8000), 256);

        server.createContext("/", Server::file);
        server.createContext("/echo", e ->
            answer(e, 200, e.getRequestBody().readAllBytes()));
        server.createContext("/slow", e -> {
            try {
                Thread.sleep(200);
            } catch (InterruptedException x) {
                throw new IOException(x);
            }
            answer(e, 200, "slow\n".getBytes());
        });
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.start();
    }
}
