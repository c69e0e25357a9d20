import { expect, test } from "bun:test";
import type { FileBody } from "../../../src/core/rooms/files.ts";
import { type PreviewPicture, Previews } from "../../../src/web/transfer/previews.ts";
import { fileEntry } from "../../cli/screen/view/scenes.ts";
import { photo } from "../../page/fixtures.ts";

interface Asked {
  readonly name: string;
  readonly digest: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly answer: (bytes: Uint8Array) => void;
  readonly refuse: (error: Error) => void;
}

const SCALED = { blob: new Blob(["small"], { type: "image/webp" }), width: 40, height: 30 };

function scene(scaled?: PreviewPicture) {
  const asked: Asked[] = [];
  const stored = new Map<string, PreviewPicture>();
  const madePreviews = {
    get: async (file: string) => stored.get(file),
    put: async (file: string, picture: PreviewPicture) => void stored.set(file, picture),
  };
  type Preview = ConstructorParameters<typeof Previews>[0]["preview"];
  const preview: Preview = (file, _max, { digest, signal }) =>
    new Promise((answer, refuse) => {
      asked.push({ name: file, digest, signal, answer, refuse });
    });
  return { asked, stored, previews: new Previews({ preview, madePreviews }, async () => scaled) };
}

const PNG = photo(4, 3);
const picture = (name: string): FileBody => fileEntry(name) as FileBody;
const settled = () => new Promise<void>((done) => setImmediate(done));

test("limits concurrent previews, and serves the latest request first", async () => {
  const { asked, previews } = scene();
  const files = ["a", "b", "c", "d", "e", "f"].map(picture);
  const wanted = files.map((file) => previews.request(file));
  await settled();
  const names = () => asked.map(({ name }) => files.findIndex(({ file }) => file === name));
  expect(names()).toEqual([0, 1, 2]);
  wanted[4]?.release();
  asked[0]?.answer(PNG);
  expect(await wanted[0]?.result).toMatchObject({ sides: [4, 3] });
  await settled();
  expect(names()).toEqual([0, 1, 2, 5]);
  asked[1]?.refuse(new Error("lost"));
  await settled();
  expect(names()).toEqual([0, 1, 2, 5, 3]);
  expect(previews.get(files[0]?.file ?? "")).toMatchObject({ sides: [4, 3] });
  expect(asked[0]?.digest).toBe(files[0]?.digest);
});

test("fetches a shared preview once, and cancels it when both users release it", async () => {
  const { asked, previews } = scene();
  const [one, other] = [previews.request(picture("a")), previews.request(picture("a"))];
  await settled();
  expect(asked).toHaveLength(1);
  one.release();
  expect(asked[0]?.signal?.aborted).toBe(false);
  other.release();
  expect(asked[0]?.signal?.aborted).toBe(true);
  const again = previews.request(picture("a"));
  await settled();
  asked[0]?.refuse(new Error("stopped"));
  await settled();
  const third = previews.request(picture("a"));
  await settled();
  asked[1]?.answer(PNG);
  expect(await again.result).toMatchObject({ sides: [4, 3] });
  expect(await third.result).toBe(await again.result);
  expect(asked).toHaveLength(2);
});

test("rejects files without a plausible image header, and caches nothing", async () => {
  const { asked, previews } = scene();
  const huge = Buffer.from(PNG);
  huge.writeUInt32BE(100_000, 16);
  const wrong = [
    Buffer.from("<svg onload=alert(1)>"),
    huge,
    Buffer.alloc(0),
    Buffer.from("GIF89a"),
  ];
  for (const [i, bytes] of wrong.entries()) {
    const file = picture("x".repeat(i + 1));
    const { result } = previews.request(file);
    await settled();
    asked[i]?.answer(new Uint8Array(bytes));
    expect(await result).toBeUndefined();
    expect(previews.get(file.file)).toBeUndefined();
  }
});

test("stores the previews that it makes, except those from encrypted rooms", async () => {
  const { asked, stored, previews } = scene(SCALED);
  const large = photo(2_500, 1_700);
  const open = picture("open");
  const first = previews.request(open);
  await settled();
  asked[0]?.answer(large);
  expect(await first.result).toMatchObject({ sides: [40, 30], isOriginal: false });
  expect([...stored.keys()]).toEqual([open.file]);
  const other = scene();
  other.stored.set(open.file, SCALED);
  expect(await other.previews.request(open).result).toMatchObject({ sides: [40, 30] });
  expect(other.asked).toEqual([]);
  const sealed = { ...picture("sealed"), isSealed: true } as const;
  other.stored.set(sealed.file, SCALED);
  void other.previews.request(sealed);
  const again = previews.request(sealed);
  const small = previews.request(picture("small"));
  await settled();
  expect(other.asked).toHaveLength(1);
  asked[1]?.answer(large);
  asked[2]?.answer(PNG);
  expect(await again.result).toMatchObject({ sides: [40, 30] });
  expect(await small.result).toMatchObject({ isOriginal: true });
  expect([...stored.keys()]).toEqual([open.file]);
});
