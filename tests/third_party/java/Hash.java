import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;

/** SHA-256 and base64url, as the exchange writes them. */
final class Hash {
    private Hash() {}

    static byte[] sha256(byte[] bytes) throws Exception {
        return MessageDigest.getInstance("SHA-256").digest(bytes);
    }

    static String base64url(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /** The text under base64url. */
    static String text(String base64url) {
        return new String(Base64.getUrlDecoder().decode(base64url), StandardCharsets.UTF_8);
    }

    /** {@code sha-256:} and the digest of an ASCII text. */
    static String prefixed(String text) {
        try {
            return "sha-256:" + base64url(sha256(text.getBytes(StandardCharsets.US_ASCII)));
        } catch (Exception why) {
            throw new IllegalStateException(why); // every JDK has SHA-256
        }
    }

    static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }
}
