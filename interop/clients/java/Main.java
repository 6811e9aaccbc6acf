/** Kafka's own Java client, or with `tools` first its command line tools, against a Kafka server; with `resume` first, clients that go on. */
final class Main {
    private Main() {}

    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0 && arguments[0].equals("resume")) {
            Resume.main(java.util.Arrays.copyOfRange(arguments, 1, arguments.length));
            return;
        }
        if (arguments.length > 0 && arguments[0].equals("tools")) {
            Tools.addCases();
            Report.main(java.util.Arrays.copyOfRange(arguments, 1, arguments.length));
            return;
        }
        Produce.addCases();
        Consume.addCases();
        Administer.addCases();
        Groups.addCases();
        Settings.addCases();
        Report.main(arguments);
    }
}
