package io.aded.gguf;

import java.nio.ByteBuffer;

/** Formats that random matrices can be written in. The values are centred at zero. */
public enum SyntheticFormat {
    /** 16 bits a weight: a random sign and fraction over one exponent. */
    F16(TensorType.F16, 1, 1.53) {
        @Override
        void block(ByteBuffer out, RandomBits bits, double deviation) {
            // All magnitudes lie between 2^e and 2^(e+1).
            long exponent = Math.clamp(Math.getExponent(deviation / unit()) + 15, 1, 30);
            out.putShort((short) (bits.next() & 0x83ff | exponent << 10));
        }
    },
    /** 8.5 bits a weight: a scale, and 32 signed bytes. */
    Q8_0(TensorType.Q8_0, 7, 73.9) {
        @Override
        void block(ByteBuffer out, RandomBits bits, double deviation) {
            out.putShort(Float.floatToFloat16((float) (deviation / unit())));
            for (int i = 0; i < 4; i++) {
                out.putLong(bits.next());
            }
        }
    },
    /** 4.5 bits a weight: a scale, and 32 numbers from -8 to 7. */
    Q4_0(TensorType.Q4_0, 2, 4.6) {
        @Override
        void block(ByteBuffer out, RandomBits bits, double deviation) {
            out.putShort(Float.floatToFloat16((float) (deviation / unit())));
            out.putLong(bits.next()).putLong(bits.next());
        }
    },
    /** 4.5 bits a weight: 256 numbers from 0 to 15 in eight groups, each with a scale and a minimum of 6 bits. */
    Q4_K(TensorType.Q4_K, 15, 256) {
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

    private final TensorType type;
    private final int fileType;
    private final double unit;

    SyntheticFormat(TensorType type, int fileType, double unit) {
        this.type = type;
        this.fileType = fileType;
        this.unit = unit;
    }

    /** Appends a block of random weights with this standard deviation, roughly. */
    abstract void block(ByteBuffer out, RandomBits bits, double deviation);

    /** The tensors' type. */
    TensorType type() {
        return type;
    }

    /** llama.cpp's number for a file that is mostly of this format. */
    int fileType() {
        return fileType;
    }

    /** The standard deviation of a block whose scale is one. */
    double unit() {
        return unit;
    }
}
