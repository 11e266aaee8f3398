package io.aded.llama.abi;

import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The architectures ({@code general.architecture}) that each line has code for. A library is asked by loading; these
 * tables only say which other one would have taken a model. A test holds them against the libraries' own answers.
 */
final class Architectures {
    static final Set<String> B4916 = names("""
        arctic arwkv7 baichuan bert bitnet bloom chameleon chatglm codeshell cohere2 command-r dbrx deci deepseek
        deepseek2 exaone falcon gemma gemma2 gemma3 gpt2 gptj gptneox granite granitemoe grok internlm2 jais
        jina-bert-v2 llama mamba minicpm minicpm3 mpt nemotron nomic-bert olmo olmo2 olmoe openelm orion phi2 phi3
        phimoe plamo qwen qwen2 qwen2moe qwen2vl refact rwkv6 rwkv6qwen2 rwkv7 stablelm starcoder starcoder2 t5
        t5encoder wavtokenizer-dec xverse
        """);

    static final Set<String> V0_4_0 = with(B4916, """
        afmoe apertus arcee bailingmoe bailingmoe2 bailingmoe3 cogvlm cohere2moe deepseek2-ocr deepseek32 deepseek4
        dflash dots1 dots3note dream eagle3 ernie4_5 ernie4_5-moe eurobert exaone-moe exaone4 falcon-h1
        gemma-embedding gemma3n gemma4 gemma4-assistant glm-dsa glm4 glm4moe gpt-oss granite_swa granitehybrid
        graniteswitch grovemoe hunyuan-dense hunyuan-moe hunyuan_vl hy_v3 jais2 jamba jina-bert-v3 kimi-k3
        kimi-linear laguna lfm2 lfm2moe llada llada-moe llama-embed llama4 maincoder mamba2 mellum mimo2 minimax-01
        minimax-m2 minimax-m3 mistral3 mistral4 modern-bert muse-glimmer nanbeige nemotron_h nemotron_h_moe neo-bert
        nomic-bert-moe paddleocr pangu-embedded plamo2 plamo3 plm pockettts qwen3 qwen35 qwen35moe qwen3moe qwen3next
        qwen3tts qwen3vl qwen3vlmoe qwen4exp rnd1 seed_oss smallthinker smollm3 step35 talkie
        """);

    static final Set<String> V0_5_0 = with(V0_4_0, "hrm_text hy_v4 maple spark2_5");

    private Architectures() {}

    private static Set<String> names(String text) {
        return Set.of(text.strip().split("\\s+"));
    }

    private static Set<String> with(Set<String> earlier, String more) {
        return Stream.concat(earlier.stream(), names(more).stream()).collect(Collectors.toUnmodifiableSet());
    }
}
