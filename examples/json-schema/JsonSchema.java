import io.aded.client.AdedClient;
import io.aded.client.AdedClientException;
import io.aded.client.Description;
import io.aded.client.JsonType;
import io.aded.client.Sampling;
import io.aded.client.Typed;

/** A typed answer: the record's JSON schema constrains the model, and the answer is a record. */
public final class JsonSchema {
    private enum Continent {
        AFRICA,
        AMERICA,
        ASIA,
        EUROPE,
        OCEANIA
    }

    private record City(@Description("in English") String name, Continent continent, boolean capital) {}

    private JsonSchema() {}

    public static void main(String[] arguments) {
        JsonType<City> type = JsonType.of(City.class);
        System.out.println(type.schema());
        try (AdedClient client = AdedClient.connect(arguments[0])) {
            Typed<City> rome = client.chat("Describe Rome.")
                    .with(options -> options.sampling(Sampling.GREEDY).maxTokens(120))
                    .typed(type);
            System.out.println(rome.value());
            System.out.println(rome.answer().usage().completionTokens() + " tokens in "
                    + rome.answer().finished().speculation().numSteps()
                    + " passes: what the schema leaves no choice about is not guessed, but known");
        } catch (AdedClientException.BadAnswer cut) {
            // Only an answer that was cut short can break the schema.
            System.out.println(cut.getMessage() + ": " + cut.text());
        }
    }
}
