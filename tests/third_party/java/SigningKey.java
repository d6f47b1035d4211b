import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.math.BigInteger;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;

/** The bank's signing key (P-256), its public half as a JWK, and compact JWS by it (RFC 7515, ES256). */
final class SigningKey {
    private final ECPrivateKey secret;
    private final ObjectNode jwk;
    private final String kid;

    private SigningKey(ECPrivateKey secret, ObjectNode jwk) throws Exception {
        this.secret = secret;
        this.jwk = jwk;
        // RFC 7638: the members that make the key, in alphabetical order, without white space.
        String members = String.format("{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}",
                jwk.get("x").asText(), jwk.get("y").asText());
        kid = Hash.base64url(Hash.sha256(members.getBytes(StandardCharsets.US_ASCII)));
    }

    /** Reads a PKCS#8 file. The public point stands in it too, at its end (RFC 5915 §3). */
    static SigningKey read(Path path) throws Exception {
        ECPrivateKey secret = (ECPrivateKey) Pem.key(path);
        byte[] der = Pem.der(path);
        byte[] point = Arrays.copyOfRange(der, der.length - 65, der.length);
        Refused.unless(point[0] == 4, "the key file lacks its public half");
        ECPublicKey open = (ECPublicKey) KeyFactory.getInstance("EC").generatePublic(new X509EncodedKeySpec(
                Hash.joined(P256_DER, point)));
        ObjectNode jwk = Json.object().put("kty", "EC").put("crv", "P-256")
                .put("x", coordinate(open.getW().getAffineX())).put("y", coordinate(open.getW().getAffineY()));
        return new SigningKey(secret, jwk);
    }

    /** What stands before the point of a P-256 key in its DER form (RFC 5480 §2). */
    private static final byte[] P256_DER = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d,
        0x02, 0x01, 0x06, 0x08, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

    private static String coordinate(BigInteger number) {
        byte[] bytes = number.toByteArray();
        byte[] fixed = new byte[32];
        int count = Math.min(bytes.length, 32);
        System.arraycopy(bytes, bytes.length - count, fixed, 32 - count, count);
        return Hash.base64url(fixed);
    }

    ObjectNode jwk() {
        return jwk;
    }

    String kid() {
        return kid;
    }

    String sign(String type, JsonNode payload) throws Exception {
        ObjectNode header = Json.object().put("alg", "ES256").put("typ", type).put("kid", kid);
        String input = Hash.base64url(header.toString().getBytes(StandardCharsets.UTF_8)) + "."
                + Hash.base64url(payload.toString().getBytes(StandardCharsets.UTF_8));
        Signature es256 = Signature.getInstance("SHA256withECDSAinP1363Format");
        es256.initSign(secret);
        es256.update(input.getBytes(StandardCharsets.US_ASCII));
        return input + "." + Hash.base64url(es256.sign());
    }
}
