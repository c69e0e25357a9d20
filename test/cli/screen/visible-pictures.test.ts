import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { toHex } from "../../../src/base/bytes.ts";
import type { FileId } from "../../../src/base/ids.ts";
import { PICTURE_FETCHED_BYTES_MAX } from "../../../src/base/limits-page.ts";
import { PICTURE_FILE_BYTES_MAX, PICTURES_CACHED_MAX } from "../../../src/base/limits-screen.ts";
import { nativeHashing } from "../../../src/cli/connect/keys.ts";
import { PICTURE_QUERY } from "../../../src/cli/screen/pictures/protocol.ts";
import type { PicturePainter } from "../../../src/cli/screen/terminal/picture-layer.ts";
import {
  PicturePaths,
  type PictureSettings,
  VisiblePictures,
} from "../../../src/cli/screen/visible-pictures.ts";
import type { FileBody } from "../../../src/core/rooms/files.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { Digest } from "../../../src/wire/chunks.ts";
import { until } from "../../event.ts";
import { tempFolder } from "../../temp-folder.ts";
import { pngOf } from "./pictures/test-png.ts";

const hashing = nativeHashing();
const folder = tempFolder();

const KITTY = "\x1bP>|kitty(0.35.2)\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[6;20;10t\x1b[?62;c";
const CAT = pngOf(100, 40);

let count = 0;

function offered(bytes: Uint8Array, change: Partial<FileBody> = {}): FileBody {
  const digest = new Digest(hashing.newHash());
  digest.add(sha256(bytes));
  const file = `f${String(++count).padStart(11, "0")}` as FileId;
  const fields = { size: bytes.length, chunks: 1, digest: toHex(digest.value()) };
  return { file, name: "cat.png", ...fields, ...change };
}

interface SceneOptions {
  readonly settings?: Partial<PictureSettings>;
  readonly env?: Readonly<Record<string, string>>;
  readonly fetch?: (file: FileBody) => Promise<Uint8Array | undefined>;
}

function createPictures({ settings = {}, env = {}, fetch }: SceneOptions = {}) {
  const queries: string[] = [];
  const painters: (PicturePainter | undefined)[] = [];
  const fetched: string[] = [];
  const pendingQueries: ((answers: string | undefined) => void)[] = [];
  let visible: readonly FileBody[] = [];
  const pictures: VisiblePictures = new VisiblePictures({
    env: { TERM: "xterm-256color", ...env },
    hashing,
    screen: {
      ask: (query) => {
        queries.push(query);
        return new Promise((answered) => pendingQueries.push(answered));
      },
      showPictures: (painter) => painters.push(painter),
      drawReadyPictures: () => undefined,
      size: () => ({ columns: 80, rows: 24 }),
    },
    paths: new PicturePaths({
      preference: () => undefined,
      changePreference: (_, change) => void change(undefined),
    }),
    settings: { pictures: "auto", fetchPictures: false, ...settings },
    family: 3,
    fetch: async (file) => {
      fetched.push(file.file);
      return fetch?.(file);
    },
    onChange: () => queueMicrotask(() => pictures.setVisible(visible)),
  });
  const see = (...files: readonly FileBody[]) => {
    visible = files;
    pictures.setVisible(files);
  };
  const answer = (answers: string | undefined) => pendingQueries.pop()?.(answers);
  const storeLocally = (body: FileBody, bytes: Uint8Array) => {
    const path = join(folder, `${body.file}.png`);
    writeFileSync(path, bytes);
    pictures.addLocalFile(body.file, path);
    return path;
  };
  const shows = (body: FileBody) => until(body.name, () => pictures.sizes.get(body.file));
  const seeCat = () => {
    const body = offered(CAT);
    storeLocally(body, CAT);
    see(body);
    return body;
  };
  const showCat = async (answers = KITTY) => {
    const body = seeCat();
    answer(answers);
    return { body, size: await shows(body) };
  };
  return {
    pictures,
    queries,
    painters,
    fetched,
    see,
    answer,
    storeLocally,
    shows,
    seeCat,
    showCat,
  };
}

describe("the terminal", () => {
  test("is queried when the first picture is visible", async () => {
    const { queries, painters, see, storeLocally, answer, shows } = createPictures();
    const body = offered(CAT);
    see(body, offered(CAT, { name: "notes.txt" }));
    expect(queries).toEqual([]);
    storeLocally(body, CAT);
    see(body);
    see(body);
    expect(queries).toEqual([PICTURE_QUERY]);
    answer(KITTY);
    expect(await shows(body)).toMatchObject({ id: 3 * 2 ** 24 + 1, columns: 10, rows: 2 });
    expect(painters).toHaveLength(1);
    const box = { id: 3 * 2 ** 24 + 1, columns: 10, rows: 2 };
    expect(painters[0]?.pieces(box)?.join("")).toContain("a=T,U=1,f=100");
    expect(painters[0]?.pieces({ ...box, id: 9 })).toBeUndefined();
  });

  test.each([
    [{ TMUX: "/tmp/tmux" }, "auto"],
    [{ STY: "1.tty" }, "auto"],
    [{ NO_COLOR: "1" }, "auto"],
    [{ TERM: "linux" }, "auto"],
    [{}, "off"],
  ] as const)("is not queried: %j, %s", (env, setting) => {
    const { queries, seeCat } = createPictures({ env, settings: { pictures: setting } });
    seeCat();
    expect(queries).toEqual([]);
  });
});

describe("a file", () => {
  test("that has changed is not displayed", async () => {
    const { pictures, see, storeLocally, answer, shows } = createPictures();
    const [changed, good] = [offered(CAT), offered(CAT)];
    storeLocally(changed, CAT.with(60, 1));
    storeLocally(good, CAT);
    see(good, changed);
    answer(KITTY);
    await shows(good);
    expect(pictures.sizes.has(changed.file)).toBe(false);
    storeLocally(changed, CAT);
    await shows(changed);
  });

  test("that is too large, or a folder, is not read", () => {
    const { queries, see, storeLocally } = createPictures();
    const large = offered(CAT, { size: PICTURE_FILE_BYTES_MAX + 1 });
    const folder = offered(CAT, { folder: { entries: 1, manifestBytes: 1 } });
    for (const body of [large, folder]) storeLocally(body, CAT);
    see(large, folder);
    expect(queries).toEqual([]);
    const largest = offered(CAT, { size: PICTURE_FILE_BYTES_MAX });
    storeLocally(largest, CAT);
    see(largest);
    expect(queries).toHaveLength(1);
  });

  test("that is missing is downloaded once if the user allows it", async () => {
    const fetch = async ({ name }: FileBody) => (name === "cat.png" ? CAT : undefined);
    const { pictures, queries, fetched, see, answer, shows } = createPictures({
      settings: { fetchPictures: true },
      fetch,
    });
    const [large, missing, small] = [
      offered(CAT, { size: PICTURE_FETCHED_BYTES_MAX + 1 }),
      offered(CAT, { name: "gone.png" }),
      offered(CAT, { size: PICTURE_FETCHED_BYTES_MAX }),
    ];
    see(large);
    expect(queries).toEqual([]);
    see(small, missing, large);
    answer(KITTY);
    await shows(small);
    see(small, missing, large);
    expect(fetched).toEqual([missing.file, small.file]);
    pictures.end();
  });

  test("that scrolled away is evicted and reloaded when visible", async () => {
    const { pictures, see, storeLocally, answer, shows } = createPictures();
    const bodies = Array.from({ length: PICTURES_CACHED_MAX + 3 }, () => offered(CAT));
    for (const body of bodies) {
      storeLocally(body, CAT);
      see(body);
      answer(KITTY);
      await shows(body);
      expect(pictures.sizes.size).toBeLessThanOrEqual(PICTURES_CACHED_MAX);
    }
    const [first = offered(CAT)] = bodies;
    expect(pictures.sizes.has(first.file)).toBe(false);
    see(first);
    await shows(first);
    expect(new Set([...pictures.sizes.values()].map(({ id }) => id)).size).toBe(
      PICTURES_CACHED_MAX,
    );
  });
});

test("redraws all pictures after a change of protocol", async () => {
  const { pictures, painters, see, showCat, answer, shows } = createPictures();
  const { body } = await showCat();
  for (const [protocol, start, name = ""] of [
    ["iterm2", "\x1b]1337;File="],
    ["sixel", '\x1bP0;1q"1;1;'],
    ["kitty", "\x1b_Ga=T,C=1,", "\x1bP>|Konsole 25.08.1\x1b\\"],
  ] as const) {
    pictures.applySettings({ pictures: protocol, fetchPictures: false });
    expect(pictures.sizes.size).toBe(0);
    see(body);
    answer(`${name}\x1b[?62c`);
    const { id } = await shows(body);
    const box = { id, columns: 10, rows: 2 };
    const [text = ""] = await until(protocol, () => painters.at(-1)?.pieces(box));
    expect(text).toStartWith(start);
  }
});
