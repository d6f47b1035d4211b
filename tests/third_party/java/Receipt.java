import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/** A receipt that holds: its entry is in the ledger, under a checkpoint that the ledger's key signed (C2SP tlog-proof). */
final class Receipt {
    /** What stands before the 32 bytes of an Ed25519 key in its DER form (RFC 8410 §4). */
    private static final byte[] ED25519_DER = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

    private final JsonNode entry;
    private final byte[] salt;

    private Receipt(JsonNode entry, byte[] salt) {
        this.entry = entry;
        this.salt = salt;
    }

    static Receipt verified(JsonNode receipt, JsonNode trust) throws Exception {
        byte[] entry = Base64.getDecoder().decode(receipt.get("entry").asText());
        String proof = receipt.get("proof").asText();
        int blank = proof.indexOf("\n\n");
        List<String> lines = new ArrayList<>(List.of(proof.substring(0, blank).split("\n")));
        Refused.unless(lines.remove(0).equals("c2sp.org/tlog-proof@v1"), "not a tlog-proof");
        long index = Long.parseLong(lines.remove(0).substring("index ".length()));
        String[] checkpoint = signedText(proof.substring(blank + 2), trust).split("\n");
        Refused.unless(checkpoint.length == 3, "the checkpoint is not origin, size and root");
        byte[] root = root(index, Long.parseLong(checkpoint[1]), entry, lines);
        Refused.unless(Arrays.equals(root, Base64.getDecoder().decode(checkpoint[2])), "the proof does not lead to the root");
        return new Receipt(Json.read(new String(entry, StandardCharsets.UTF_8)),
                Base64.getDecoder().decode(receipt.get("salt").asText()));
    }

    /** The text of a signed note, if a key of the ledger signed it (C2SP signed-note). */
    private static String signedText(String note, JsonNode trust) throws Exception {
        int blank = note.lastIndexOf("\n\n");
        String text = note.substring(0, blank + 1);
        List<String> vkeys = new ArrayList<>(List.of(trust.get("ledger_vkey").asText()));
        trust.path("ledger_vkeys").forEach(past -> vkeys.add(past.get("vkey").asText()));
        for (String vkey : vkeys) {
            String[] parts = vkey.split("\\+", 3);
            byte[] typed = Base64.getDecoder().decode(parts[2]);
            Refused.unless(typed.length == 33 && typed[0] == 1, "the ledger's key is not an Ed25519 key");
            byte[] id = Arrays.copyOf(Hash.sha256(Hash.joined((parts[0] + "\n").getBytes(StandardCharsets.UTF_8), typed)), 4);
            byte[] der = Hash.joined(ED25519_DER, Arrays.copyOfRange(typed, 1, 33));
            PublicKey key = KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(der));
            for (String line : note.substring(blank + 2).split("\n")) {
                String[] words = line.split(" ");
                if (words.length != 3 || !words[1].equals(parts[0])) {
                    continue;
                }
                byte[] stamped = Base64.getDecoder().decode(words[2]);
                if (!Arrays.equals(Arrays.copyOf(stamped, 4), id)) {
                    continue;
                }
                Signature ed25519 = Signature.getInstance("Ed25519");
                ed25519.initVerify(key);
                ed25519.update(text.getBytes(StandardCharsets.UTF_8));
                Refused.unless(ed25519.verify(Arrays.copyOfRange(stamped, 4, stamped.length)), "wrong signature");
                Refused.unless(text.startsWith(parts[0] + "\n"), "the checkpoint is of another log");
                return text;
            }
        }
        throw new Refused("no signature by a key of the ledger");
    }

    /** RFC 9162 §2.1.3.2: the root that follows from an entry and its proof. */
    private static byte[] root(long index, long size, byte[] entry, List<String> hashes) throws Exception {
        Refused.unless(index >= 0 && index < size, "the index lies outside the tree");
        long fn = index;
        long sn = size - 1;
        byte[] r = Hash.sha256(Hash.joined(new byte[] {0}, entry));
        for (String line : hashes) {
            byte[] p = Base64.getDecoder().decode(line);
            Refused.unless(sn != 0 && p.length == 32, "the proof is too long");
            if ((fn & 1) == 1 || fn == sn) {
                r = Hash.sha256(Hash.joined(new byte[] {1}, p, r));
                while ((fn & 1) == 0 && fn != 0) {
                    fn >>= 1;
                    sn >>= 1;
                }
            } else {
                r = Hash.sha256(Hash.joined(new byte[] {1}, r, p));
            }
            fn >>= 1;
            sn >>= 1;
        }
        Refused.unless(sn == 0, "the proof is too short");
        return r;
    }

    /** Holds a member of the entry against what it must be. */
    void require(String member, String expected) {
        Refused.unless(entry.path(member).asText().equals(expected), member + " of the entry is not what it must be");
    }

    /** Opens a commitment: base64url(SHA-256(salt ‖ value)). */
    void requireCommitment(String member, String value) throws Exception {
        byte[] opened = Hash.sha256(Hash.joined(salt, value.getBytes(StandardCharsets.UTF_8)));
        require(member, Hash.base64url(opened));
    }
}
