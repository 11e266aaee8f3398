import io.aded.client.AdedClient;
import io.aded.client.AdedClientException;
import io.aded.client.Description;
import io.aded.client.ToolAnswer;
import io.aded.client.ToolFunction;
import java.util.Map;

/** Functions as tools: the schema comes from a record, and the loop is run until the model answers. */
public final class Tools {
    private enum Unit {
        CELSIUS,
        FAHRENHEIT
    }

    private record Place(@Description("in English") String city, Unit unit) {}

    private record Division(int a, int b) {}

    private Tools() {}

    public static void main(String[] arguments) {
        ToolFunction weather = ToolFunction.of(
                "weather",
                "The weather in a city at the moment.",
                Place.class,
                place -> Map.of("sky", "clear", "temperature", place.unit() == Unit.CELSIUS ? 21 : 70));
        // What a function throws is told to the model as a failed call.
        ToolFunction divide =
                ToolFunction.of("divide", "Divides a by b.", Division.class, division -> division.a() / division.b());
        try (AdedClient client = AdedClient.connect(arguments[0])) {
            ToolAnswer ran = client.chat("How warm is it in Rome?")
                    .with(options -> options.maxTokens(200))
                    .tools(weather, divide)
                    .rounds(4)
                    .run();
            ran.calls()
                    .forEach(each -> System.out.println(
                            each.call().name() + each.call().arguments() + " gave " + each.result()));
            System.out.println(ran.text());
        } catch (AdedClientException.Unsupported unsupported) {
            System.out.println("this server serves no tools: " + unsupported.getMessage());
        }
    }
}
