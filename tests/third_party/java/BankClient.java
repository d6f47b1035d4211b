import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * A small bank's client, to read and to begin from: pulls, verifies, decides, and keeps what it needs as evidence.
 *
 * <pre>
 * javac -cp $JACKSON -d classes *.java
 * java -cp classes:$JACKSON BankClient --url https://localhost:8443 --ca ca.pem --cert bank-01.pem --key bank-01.key \
 *     --signing-key bank-01-signing.key --trust trust.json --state DIRECTORY
 * </pre>
 *
 * Cryptography and HTTP are the JDK's (17), JSON is Jackson's; nothing is the exchange's. Exit code 0 if every application
 * that waited was decided, 1 if one had to be left, 2 for wrong usage.
 */
public final class BankClient {
    private static final Set<String> RATINGS_TAKEN = Set.of("A", "B", "M");
    private static final List<String> OPTIONS =
            List.of("url", "ca", "cert", "key", "signing-key", "trust", "state");

    private final Exchange exchange;
    private final JsonNode trust;
    private final SigningKey key;
    private final Path state;
    private final String member;

    private BankClient(Map<String, String> given) throws Exception {
        member = Pem.commonName(Path.of(given.get("cert")));
        exchange = new Exchange(given.get("url"), given.get("ca"), given.get("cert"), given.get("key"));
        trust = Json.read(Files.readString(Path.of(given.get("trust"))));
        key = SigningKey.read(Path.of(given.get("signing-key")));
        state = Files.createDirectories(Path.of(given.get("state")));
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, String> given = new HashMap<>();
        for (int at = 0; at + 1 < arguments.length; at += 2) {
            given.put(arguments[at].replaceFirst("^--", ""), arguments[at + 1]);
        }
        if (!given.keySet().equals(Set.copyOf(OPTIONS))) {
            System.err.println("usage: BankClient --" + String.join(" … --", OPTIONS) + " …");
            System.exit(2);
        }
        System.exit(new BankClient(given).work());
    }

    private int work() throws Exception {
        registerKey();
        Map<String, JsonNode> products = new HashMap<>();
        for (JsonNode product : exchange.pages("/v1/products")) {
            products.put(product.get("id").asText(), product);
        }
        List<JsonNode> waiting = new ArrayList<>(exchange.pages("/v1/applications?status=submitted"));
        waiting.addAll(exchange.pages("/v1/applications?status=acknowledged"));
        int left = 0;
        for (JsonNode application : waiting) {
            try {
                JsonNode answer = take(application, products.get(application.get("product_id").asText()));
                System.out.println(application.get("id").asText() + "  " + answer.at("/application/status").asText());
            } catch (Exception why) { // whatever went wrong with one, nothing is decided on it, and the others go on
                left++;
                System.err.println(application.get("id").asText() + "  left: " + why);
            }
        }
        return left == 0 ? 0 : 1;
    }

    /** The exchange verifies decisions with the key that the bank registered, whose possession it proves. */
    private void registerKey() throws Exception {
        for (JsonNode known : exchange.call("GET", "/v1/me/keys", null, null, null).get("items")) {
            if (known.get("use").asText().equals("sig") && known.get("kid").asText().equals(key.kid())
                    && known.get("to").isNull()) {
                return;
            }
        }
        ObjectNode claims = Json.object().put("member", member).put("use", "sig");
        claims.set("jwk", key.jwk());
        claims.put("iat", System.currentTimeMillis() / 1000);
        ObjectNode body = Json.object().put("proof", key.sign("key-proof+jwt", claims));
        body.set("jwk", key.jwk());
        exchange.call("PUT", "/v1/me/keys/sig", body.toString(), "application/json", null);
    }

    /** From application to the receipt of a decision. Each step is on disk before the next rests on it. */
    private JsonNode take(JsonNode application, JsonNode product) throws Exception {
        String id = application.get("id").asText();
        JsonNode ask = Json.read(kept(id + ".ask.json", () -> ask(application).toString()));
        JsonNode pull = Json.read(kept(id + ".pull.json", () ->
                exchange.call("POST", "/v1/dossiers", ask.toString(), "application/json", "pull-" + id).toString()));
        Dossier dossier = Dossier.verified(pull, trust);
        dossier.require("aud", member);
        dossier.require("nonce", ask.get("nonce").asText());
        dossier.require("sub", ask.get("taxpayer_id").asText());
        Receipt released = Receipt.verified(pull.get("receipt"), trust);
        released.require("kind", "release.granted");
        released.require("id", pull.get("release_id").asText());
        released.require("dossier_digest", dossier.digest());
        released.requireCommitment("subject", ask.get("taxpayer_id").asText());

        String jws = kept(id + ".decision.jws", () -> key.sign("decision+jwt", decide(application, product, pull, dossier)));
        String path = "/v1/applications/" + id + "/decisions";
        // The same bytes again have the same answer: a lost one is simply asked for again.
        JsonNode answer = Json.read(kept(id + ".receipt.json", () ->
                exchange.call("POST", path, jws, "application/jose", null).toString()));
        Receipt recorded = Receipt.verified(answer.get("receipt"), trust);
        recorded.require("kind", "decision.recorded");
        recorded.require("decision_digest", Hash.prefixed(jws));
        return answer;
    }

    private static ObjectNode ask(JsonNode application) {
        byte[] random = new byte[16];
        new SecureRandom().nextBytes(random);
        return Json.object()
                .put("consent_id", application.get("consent_id").asText())
                .put("purpose", "pre_loan")
                .put("taxpayer_id", application.get("taxpayer_id").asText())
                .put("nonce", Hash.base64url(random));
    }

    /** Approved as asked for, if the rating in force is one that is taken; missing is not bad, but it is missing. */
    private ObjectNode decide(JsonNode application, JsonNode product, JsonNode pull, Dossier dossier) {
        ObjectNode decision = Json.object()
                .put("iss", member)
                .put("aud", trust.get("issuer").asText())
                .put("jti", UUID.randomUUID().toString())
                .put("iat", System.currentTimeMillis() / 1000)
                .put("application_id", application.get("id").asText())
                .put("release_id", pull.get("release_id").asText())
                .put("dossier_digest", dossier.digest())
                .put("product_id", product.get("id").asText());
        String refusal = refusal(dossier.section("rating"));
        if (refusal != null) {
            decision.put("outcome", "declined").putArray("reasons").add(refusal);
            return decision;
        }
        boolean enquiryLater = application.get("credit_enquiry").asText().equals("after_pre_approval");
        decision.put("outcome", enquiryLater ? "pre_approved" : "approved")
                .put("security", "credit")
                .put("amount_fen", Math.min(application.get("amount_fen").asLong(), product.get("amount_max_fen").asLong()))
                .put("rate_pct", product.get("rate_pct").asText())
                .put("term_months", Math.min(application.get("term_months").asInt(), product.get("term_months_max").asInt()))
                .put("drawdown", product.get("drawdown").asText())
                .put("repayment", product.get("repayment").asText());
        decision.putArray("fees");
        decision.putArray("reasons");
        return decision;
    }

    private static String refusal(JsonNode rating) {
        if (rating == null || !rating.get("status").asText().equals("present")) {
            return "R17";
        }
        String level = null;
        String since = "";
        for (JsonNode record : rating.get("records")) {
            String from = record.get("valid_from").asText();
            if (record.get("superseded_on").isNull() && from.compareTo(since) > 0) {
                level = record.get("level").asText();
                since = from;
            }
        }
        if (level == null) {
            return "R17";
        }
        return RATINGS_TAKEN.contains(level) ? null : "R01";
    }

    /** A file's text; made once, and on disk before anything rests on it. */
    private String kept(String name, Making make) throws Exception {
        Path path = state.resolve(name);
        if (!Files.exists(path)) {
            byte[] text = make.text().getBytes(StandardCharsets.UTF_8);
            Path part = state.resolve(name + ".part");
            try (FileChannel file = FileChannel.open(part, CREATE, TRUNCATE_EXISTING, WRITE)) {
                file.write(ByteBuffer.wrap(text));
                file.force(true);
            }
            Files.move(part, path, StandardCopyOption.ATOMIC_MOVE);
        }
        return Files.readString(path);
    }

    private interface Making {
        String text() throws Exception;
    }
}
