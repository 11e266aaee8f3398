package io.aded.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.model.AdedException;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class NpmRegistryTest {
    private static final String INTEGRITY = "sha512-" + "A".repeat(86) + "==";

    @TempDir
    Path home;

    @TempDir
    Path project;

    private final StandInServer server = new StandInServer();
    private final Map<String, String> environment = new HashMap<>();

    @AfterEach
    void stop() {
        server.close();
    }

    private ProcessEnvironment environment() {
        return new ProcessEnvironment(environment, home, project);
    }

    private NpmSettings settings() {
        return NpmSettings.of(environment());
    }

    private NpmRegistry registry() {
        return NpmRegistry.of(environment(), Downloader.of(environment()));
    }

    private void publish(String path, String tarball, String integrity) {
        server.file(
                path,
                ("{\"versions\": {\"1.0.0\": {\"dist\": {\"tarball\": \"" + tarball + "\", \"integrity\": \""
                                + integrity + "\"}}}}")
                        .getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void registryOf_nothingConfigured_publicRegistry() {
        assertThat(settings().registryOf("left")).isEqualTo(URI.create(NpmSettings.PUBLIC_REGISTRY));
    }

    @Test
    void registryOf_everyPlaceConfigured_environmentThenProjectThenUserThenInstallation() throws IOException {
        Path prefix = Files.createDirectories(home.resolve("prefix"));
        Files.createDirectories(prefix.resolve("etc"));
        environment.put("npm_config_prefix", prefix.toString());
        Files.writeString(prefix.resolve("etc/npmrc"), "registry=http://global.invalid/\n");
        assertThat(settings().registryOf("x")).hasHost("global.invalid");

        Files.writeString(home.resolve(".npmrc"), "; mine\nregistry = \"http://user.invalid\"\n");
        assertThat(settings().registryOf("x")).isEqualTo(URI.create("http://user.invalid/"));

        Files.writeString(project.resolve(".npmrc"), "registry=http://project.invalid/npm/\n");
        assertThat(settings().registryOf("x")).hasHost("project.invalid");

        environment.put("NPM_CONFIG_REGISTRY", "http://environment.invalid/");
        assertThat(settings().registryOf("x")).hasHost("environment.invalid");
    }

    @Test
    void registryOf_scopedPackage_itsScopesRegistry() throws IOException {
        Files.writeString(home.resolve(".npmrc"), "@own:registry=http://own.invalid/\nregistry=http://all.invalid/\n");

        assertThat(settings().registryOf("@own/thing")).hasHost("own.invalid");
        assertThat(settings().registryOf("@other/thing")).hasHost("all.invalid");
    }

    @Test
    void authorization_tokenForAHost_onlyThereAndFromTheVariableNamed() throws IOException {
        environment.put("THE_TOKEN", "abc");
        Files.writeString(home.resolve(".npmrc"), "//npm.invalid/team/:_authToken=${THE_TOKEN}\n");

        assertThat(settings().authorization(URI.create("http://npm.invalid/team/thing/-/thing.tgz")))
                .containsEntry("Authorization", "Bearer abc");
        assertThat(settings().authorization(URI.create("http://npm.invalid/other/thing")))
                .isEmpty();
        assertThat(settings().authorization(URI.create("http://evil.invalid/team/thing")))
                .isEmpty();
    }

    @Test
    void locate_scopedPackage_asksForTheEscapedName() {
        environment.put("npm_config_registry", server.address());
        publish("/@own%2Fthing", server.address() + "thing.tgz", INTEGRITY);

        NpmRegistry.Archive archive = registry().locate("@own/thing", "1.0.0");

        assertThat(archive.address()).isEqualTo(server.uri("thing.tgz"));
        assertThat(archive.checksum().algorithm()).isEqualTo("SHA-512");
    }

    @Test
    void locate_mirrorThatNamesThePublicHost_asksTheMirror() {
        environment.put("npm_config_registry", server.address() + "mirror/");
        publish("/mirror/thing", NpmSettings.PUBLIC_REGISTRY + "thing/-/thing-1.0.0.tgz", INTEGRITY);

        assertThat(registry().locate("thing", "1.0.0").address())
                .isEqualTo(server.uri("mirror/thing/-/thing-1.0.0.tgz"));
    }

    @Test
    void locate_unknownVersion_notFound() {
        environment.put("npm_config_registry", server.address());
        publish("/thing", server.address() + "thing.tgz", INTEGRITY);

        assertThatThrownBy(() -> registry().locate("thing", "2.0.0"))
                .isInstanceOf(AdedException.NotFound.class)
                .hasMessageContaining("thing@2.0.0");
    }

    @Test
    void locate_answerIsAWebPage_saysThatItIsNoRegistry() {
        environment.put("npm_config_registry", server.address());
        server.file("/thing", "<html>".getBytes(StandardCharsets.UTF_8));

        assertThatThrownBy(() -> registry().locate("thing", "1.0.0"))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("JSON");
    }

    @Test
    void locate_weakChecksumOnly_refused() {
        environment.put("npm_config_registry", server.address());
        publish("/thing", server.address() + "thing.tgz", "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=");

        assertThatThrownBy(() -> registry().locate("thing", "1.0.0"))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("sha512");
    }
}
