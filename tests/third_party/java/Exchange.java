import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.TrustManagerFactory;

/** The gateway over mutual TLS 1.3. Waits out 429 and 503 as told, and asks again after a connection that broke. */
final class Exchange {
    private static final int ATTEMPTS = 5;
    private static final long SECONDS_MAX = 30;

    private final String url;
    private final HttpClient client;

    Exchange(String url, String ca, String cert, String key) throws Exception {
        this.url = url.replaceFirst("/$", "");
        char[] none = new char[0];
        KeyStore own = KeyStore.getInstance("PKCS12");
        own.load(null, none);
        own.setKeyEntry("own", Pem.key(Path.of(key)), none, Pem.certificates(Path.of(cert)).toArray(X509Certificate[]::new));
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(own, none);
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, none);
        for (X509Certificate certificate : Pem.certificates(Path.of(ca))) {
            trusted.setCertificateEntry(certificate.getSerialNumber().toString(), certificate);
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext tls = SSLContext.getInstance("TLSv1.3");
        tls.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).sslContext(tls)
                .connectTimeout(Duration.ofSeconds(SECONDS_MAX)).build();
    }

    /** The answer's JSON; an exception that names status and code if the exchange says no. */
    JsonNode call(String method, String path, String body, String contentType, String idempotencyKey) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + path)).timeout(Duration.ofSeconds(SECONDS_MAX));
        if (contentType != null) {
            request.header("Content-Type", contentType);
        }
        if (idempotencyKey != null) {
            request.header("Idempotency-Key", idempotencyKey);
        }
        request.method(method, body == null
                ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        for (int attempt = 1; ; attempt++) {
            HttpResponse<String> response;
            try {
                response = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
            } catch (SSLHandshakeException anotherServer) {
                throw anotherServer; // nothing is sent to it, and asking again does not help
            } catch (IOException why) {
                if (attempt == ATTEMPTS) {
                    throw why;
                }
                Thread.sleep(200L * attempt);
                continue;
            }
            int status = response.statusCode();
            if ((status == 429 || status == 503) && attempt < ATTEMPTS) {
                long pause = Long.parseLong(response.headers().firstValue("Retry-After").orElse("1"));
                Thread.sleep(1000 * Math.min(pause, SECONDS_MAX));
                continue;
            }
            JsonNode answer = Json.read(response.body());
            if (status >= 300) {
                throw new IOException(status + " " + answer.path("code").asText() + ": " + answer.path("detail").asText());
            }
            return answer;
        }
    }

    /** Every item of a list. */
    List<JsonNode> pages(String path) throws Exception {
        List<JsonNode> items = new ArrayList<>();
        String after = null;
        do {
            String mark = path.contains("?") ? "&" : "?";
            JsonNode page = call("GET", after == null ? path
                    : path + mark + "after=" + URLEncoder.encode(after, StandardCharsets.UTF_8), null, null, null);
            page.get("items").forEach(items::add);
            after = page.get("next").isNull() ? null : page.get("next").asText();
        } while (after != null);
        return items;
    }
}
