// Schemas as zod writes them, one JSON object a line.
import { z } from "zod";

const Tree = z.object({ name: z.string(), get children() { return z.array(Tree); } });
const shapes = {
  int: z.int(), int32: z.int32(), uint32: z.uint32(), number: z.number(), positive: z.number().positive(),
  float32: z.float32(), between: z.number().gte(-1.5).lt(2), boolean: z.boolean(), nothing: z.null(),
  string: z.string(), short: z.string().min(2).max(5), long: z.string().max(3000), code: z.string().regex(/^[A-Z]{2}\d{3,}$/),
  both: z.string().regex(/a\/b/).min(4), email: z.email(), uuid: z.uuid(), url: z.url(), day: z.iso.date(),
  instant: z.iso.datetime(), hour: z.iso.time(), span: z.iso.duration(), four: z.ipv4(), six: z.ipv6(), any: z.any(),
  unknown: z.unknown(), literal: z.literal(["a", 1, null]), fixed: z.literal('q"\\'), choice: z.enum(["red", "green"]),
  nullable: z.string().nullable(), optional: z.object({ a: z.string().optional(), b: z.int().default(3) }),
  nested: z.object({ a: z.object({ b: z.array(z.object({ c: z.boolean() })) }) }),
  strict: z.strictObject({ a: z.string() }), loose: z.looseObject({ a: z.string() }), array: z.array(z.int()).min(1).max(3),
  tuple: z.tuple([z.string(), z.int()]), rest: z.tuple([z.string()], z.int()), record: z.record(z.string(), z.int()),
  keyed: z.record(z.enum(["x", "y"]), z.boolean()), partial: z.partialRecord(z.enum(["x", "y"]), z.boolean()),
  union: z.union([z.string(), z.int()]), and: z.intersection(z.object({ a: z.int() }), z.object({ b: z.int() })),
  tagged: z.discriminatedUnion("t", [
    z.object({ t: z.literal("a"), v: z.int() }), z.object({ t: z.literal("b"), w: z.string() })]),
  tree: Tree, step: z.number().multipleOf(0.25), starts: z.string().startsWith("ab"), holds: z.string().includes("x"),
  base64: z.base64(), cuid: z.cuid2(), described: z.string().describe("a text").max(4), wide: z.array(z.any()).max(0),
};
const answers = Number(process.argv[2]) * 2;
for (const [name, shape] of Object.entries(shapes)) {
  for (const target of ["draft-2020-12", "draft-7"]) {
    const schema = JSON.stringify(z.toJSONSchema(shape, { target }));
    console.log(JSON.stringify({
      origin: "zod", name: `zod ${name}, ${target}`, draft: target === "draft-7" ? "7" : "2020-12", schema, texts: [],
      valid: [], answers,
    }));
  }
}
