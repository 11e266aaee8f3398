package io.aded.gguf;

import java.nio.ByteBuffer;

/** Formats that random matrices can be written in. The values are centred at zero. */
public enum SyntheticFormat {
    /** 16 bits a weight: a random sign and fraction over one exponent. */
    F16(1, 1, 32, 64, 1.53) {
        @Override
        void block(ByteBuffer out, RandomBits bits, double deviation) {
            // Half of each magnitude between 2^e and 2^(e+1); the bits of four at once.
            long exponent = Math.clamp(Math.getExponent(deviation / unit()) + 15, 1, 30);
            long exponents = (exponent << 10) * 0x0001_0001_0001_0001L;
            for (int i = 0; i < blockBytes() / 8; i++) {
                out.putLong(bits.next() & 0x83ff_83ff_83ff_83ffL | exponents);
            }
        }
    },
    /** 8.5 bits a weight: a scale, and 32 signed bytes. */
    Q8_0(8, 7, 32, 34, 73.9) {
        @Override
        void block(ByteBuffer out, RandomBits bits, double deviation) {
            out.putShort(Float.floatToFloat16((float) (deviation / unit())));
            for (int i = 0; i < 4; i++) {
                out.putLong(bits.next());
            }
        }
    },
    /** 4.5 bits a weight: a scale, and 32 numbers from -8 to 7. */
    Q4_0(2, 2, 32, 18, 4.6) {
        @Override
        void block(ByteBuffer out, RandomBits bits, double deviation) {
            out.putShort(Float.floatToFloat16((float) (deviation / unit())));
            out.putLong(bits.next()).putLong(bits.next());
        }
    },
    /** 4.5 bits a weight: 256 numbers from 0 to 15 in eight groups, each with a scale and a minimum of 6 bits. */
    Q4_K(12, 15, 256, 144, 256) {
        @Override
        void block(ByteBuffer out, RandomBits bits, double deviation) {
            double scale = deviation / unit();
            out.putShort(Float.floatToFloat16((float) scale));
            // The mean of a number times its scale is 7.5 times that of a minimum: so much, and the sum is zero.
            out.putShort(Float.floatToFloat16((float) (7.5 * scale)));
            out.putLong(bits.next()).putInt((int) bits.next());
            for (int i = 0; i < 16; i++) {
                out.putLong(bits.next());
            }
        }
    };

    private final int tensorType;
    private final int fileType;
    private final int blockElements;
    private final int blockBytes;
    private final double unit;

    SyntheticFormat(int tensorType, int fileType, int blockElements, int blockBytes, double unit) {
        this.tensorType = tensorType;
        this.fileType = fileType;
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
        this.unit = unit;
    }

    /** Appends a block of random weights with this standard deviation, roughly. */
    abstract void block(ByteBuffer out, RandomBits bits, double deviation);

    /** ggml's number for a tensor of this format. */
    int tensorType() {
        return tensorType;
    }

    /** llama.cpp's number for a file that is mostly of this format. */
    int fileType() {
        return fileType;
    }

    int blockElements() {
        return blockElements;
    }

    int blockBytes() {
        return blockBytes;
    }

    /** The standard deviation of a block whose scale is one. */
    double unit() {
        return unit;
    }
}
