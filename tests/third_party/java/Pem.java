import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;

/** Keys and certificates out of PEM files (RFC 7468). */
final class Pem {
    private Pem() {}

    /** The bytes of a file's first PEM block. */
    static byte[] der(Path path) throws Exception {
        String text = Files.readString(path);
        String body = text.substring(text.indexOf('\n', text.indexOf("-----BEGIN")), text.indexOf("-----END"));
        return Base64.getMimeDecoder().decode(body);
    }

    /** An elliptic-curve key in PKCS#8. */
    static PrivateKey key(Path path) throws Exception {
        return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(der(path)));
    }

    static List<X509Certificate> certificates(Path path) throws Exception {
        List<X509Certificate> found = new ArrayList<>();
        CertificateFactory.getInstance("X.509")
                .generateCertificates(new ByteArrayInputStream(Files.readAllBytes(path)))
                .forEach(certificate -> found.add((X509Certificate) certificate));
        return found;
    }

    /** The common name of a certificate's subject: a member's name in the exchange. */
    static String commonName(Path path) throws Exception {
        for (Rdn part : new LdapName(certificates(path).get(0).getSubjectX500Principal().getName()).getRdns()) {
            if (part.getType().equalsIgnoreCase("CN")) {
                return part.getValue().toString();
            }
        }
        throw new Refused("the certificate has no common name");
    }
}
