import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.Date;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** A dossier that holds: an SD-JWT (RFC 9901), signed by the exchange's key, each disclosure listed in the JWT. */
final class Dossier {
    private static final Set<String> OWN_KEYS = Set.of("jwk", "jku", "x5u", "x5c", "crit");

    private final String jwt;
    private final JsonNode claims;
    private final Map<String, JsonNode> sections;

    private Dossier(String jwt, JsonNode claims, Map<String, JsonNode> sections) {
        this.jwt = jwt;
        this.claims = claims;
        this.sections = sections;
    }

    /** Checks everything that can be checked offline; throws at the first thing that does not hold. */
    static Dossier verified(JsonNode pull, JsonNode trust) throws Exception {
        String[] parts = pull.get("dossier").asText().split("~", -1);
        Refused.unless(parts.length >= 2 && parts[parts.length - 1].isEmpty(), "the dossier does not end with ~");
        String[] jws = parts[0].split("\\.", -1);
        Refused.unless(jws.length == 3, "the JWT has not three parts");
        JsonNode header = Json.read(Hash.text(jws[0]));
        Refused.unless(header.path("alg").asText().equals("ES256"), "alg is not ES256");
        Refused.unless(header.path("typ").asText().equals("dossier+sd-jwt"), "typ is not a dossier's");
        OWN_KEYS.forEach(name -> Refused.unless(!header.has(name), "the header brings its own key"));

        JsonNode claims = Json.read(Hash.text(jws[1]));
        X509Certificate certificate = certificate(trust, header, claims.get("iat").asLong());
        Signature es256 = Signature.getInstance("SHA256withECDSAinP1363Format");
        es256.initVerify(certificate.getPublicKey());
        es256.update((jws[0] + "." + jws[1]).getBytes(StandardCharsets.US_ASCII));
        Refused.unless(es256.verify(Base64.getUrlDecoder().decode(jws[2])), "the signature does not hold");
        Refused.unless(claims.get("iss").asText().equals(trust.get("issuer").asText()), "iss is another issuer");
        Refused.unless(claims.get("jti").asText().equals(pull.get("release_id").asText()), "jti is not the release id");
        return new Dossier(parts[0], claims, sections(parts, claims));
    }

    /** The certificate of the key that the header names, by the trust file, valid and in use when it signed. */
    private static X509Certificate certificate(JsonNode trust, JsonNode header, long issuedAt) throws Exception {
        for (JsonNode key : trust.at("/jwks/keys")) {
            if (!key.get("kid").asText().equals(header.path("kid").asText())) {
                continue;
            }
            byte[] der = Base64.getDecoder().decode(key.at("/x5c/0").asText());
            Refused.unless(header.path("x5t#S256").asText().equals(Hash.base64url(Hash.sha256(der))), "x5t#S256 differs");
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            X509Certificate certificate = (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(der));
            byte[] ca = trust.get("ca").asText().getBytes(StandardCharsets.US_ASCII);
            certificate.verify(factory.generateCertificate(new ByteArrayInputStream(ca)).getPublicKey());
            certificate.checkValidity(Date.from(java.time.Instant.ofEpochSecond(issuedAt)));
            Refused.unless(key.get("nbf").asLong() <= issuedAt && issuedAt < key.get("exp").asLong(), "key not in use at iat");
            return certificate;
        }
        throw new Refused("the trust file has no key " + header.path("kid").asText());
    }

    private static Map<String, JsonNode> sections(String[] parts, JsonNode claims) throws Exception {
        Set<String> listed = new HashSet<>();
        claims.get("_sd").forEach(digest -> listed.add(digest.asText()));
        Map<String, JsonNode> sections = new HashMap<>();
        for (int at = 1; at < parts.length - 1; at++) {
            String digest = Hash.base64url(Hash.sha256(parts[at].getBytes(StandardCharsets.US_ASCII)));
            Refused.unless(listed.remove(digest), "disclosure " + at + " is not listed in the JWT");
            JsonNode disclosure = Json.read(Hash.text(parts[at]));
            Refused.unless(disclosure.size() == 3, "disclosure " + at + " is not salt, name and value");
            Refused.unless(sections.put(disclosure.get(1).asText(), disclosure.get(2)) == null, "a section is there twice");
        }
        return sections;
    }

    /** Holds a claim against what was asked for. */
    void require(String claim, String expected) {
        Refused.unless(claims.path(claim).asText().equals(expected), claim + " is not what was asked for");
    }

    /** What the decision and the ledger name it by. */
    String digest() {
        return Hash.prefixed(jwt);
    }

    /** A section, or null if it was not sent. */
    JsonNode section(String name) {
        return sections.get(name);
    }
}
