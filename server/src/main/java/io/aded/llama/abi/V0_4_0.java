package io.aded.llama.abi;

import java.util.Set;

/**
 * llama.cpp v0.4.0 (2026), in the packages {@code @node-llama-cpp/*} of version 3.21.1: for who has installed those and
 * may not yet move on. Its header differs from v0.5.0's by functions that nothing here calls.
 */
final class V0_4_0 extends V0_5_0 {
    @Override
    public String version() {
        return "v0.4.0";
    }

    @Override
    public String origin() {
        return "the packages @node-llama-cpp/* 3.21.1";
    }

    @Override
    public Set<String> architectures() {
        return Architectures.V0_4_0;
    }
}
