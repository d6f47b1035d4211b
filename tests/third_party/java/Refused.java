/** Something does not hold, and what. */
final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Refused(String why) {
        super(why);
    }

    static void unless(boolean holds, String why) {
        if (!holds) {
            throw new Refused(why);
        }
    }
}
