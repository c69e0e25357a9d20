import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "../../../src/base/bytes.ts";
import type { FileId } from "../../../src/base/ids.ts";
import { PICTURE_FETCHED_BYTES_MAX } from "../../../src/base/limits-page.ts";
import { PICTURE_FILE_BYTES_MAX, PICTURES_KEPT_MAX } from "../../../src/base/limits-screen.ts";
import { nativeHashing } from "../../../src/cli/connect/hashing.ts";
import { PicturePlaces } from "../../../src/cli/screen/picture-places.ts";
import { throughTmux, withoutKitty } from "../../../src/cli/screen/pictures/encoding.ts";
import { CELL_QUERY, PICTURE_QUERY } from "../../../src/cli/screen/pictures/protocol.ts";
import { type PictureSettings, ShownPictures } from "../../../src/cli/screen/shown-pictures.ts";
import type { PicturePainter } from "../../../src/cli/screen/terminal/picture-layer.ts";
import type { FileBody } from "../../../src/core/rooms/files.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { Digest } from "../../../src/wire/chunks.ts";
import { until } from "../../e2e/deadline.ts";
import { pngOf } from "./pictures/made.ts";

const hashing = nativeHashing();
const folder = mkdtempSync(join(tmpdir(), "chat-pictures-"));
afterAll(() => rmSync(folder, { recursive: true }));

const KITTY = "\x1bP>|kitty(0.35.2)\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[6;20;10t\x1b[?62;c";
const CAT = pngOf(100, 40);

let count = 0;

/** A picture of one chunk that was offered. */
function offered(bytes: Uint8Array, change: Partial<FileBody> = {}): FileBody {
  const digest = new Digest(hashing.newHash());
  digest.add(sha256(bytes));
  const file = `f${String(++count).padStart(11, "0")}` as FileId;
  const about = { size: bytes.length, chunks: 1, digest: toHex(digest.value()) };
  return { file, name: "cat.png", ...about, ...change };
}

interface Given {
  readonly settings?: Partial<PictureSettings>;
  readonly env?: Readonly<Record<string, string>>;
  readonly fetch?: (file: FileBody) => Promise<Uint8Array | undefined>;
}

function opened({ settings = {}, env = {}, fetch }: Given = {}) {
  const asked: string[] = [];
  const painters: (PicturePainter | undefined)[] = [];
  const fetched: string[] = [];
  const asking: ((answers: string | undefined) => void)[] = [];
  let seen: readonly FileBody[] = [];
  const pictures: ShownPictures = new ShownPictures({
    env: { TERM: "xterm-256color", ...env },
    hashing,
    screen: {
      ask: (query) => {
        asked.push(query);
        return new Promise((answered) => asking.push(answered));
      },
      redraw: () => undefined,
      showPictures: (painter) => painters.push(painter),
      pictureReady: () => undefined,
      size: () => ({ columns: 80, rows: 24 }),
    },
    places: new PicturePlaces({ preference: () => undefined, prefer: () => undefined }),
    settings: { pictures: "auto", fetchPictures: false, ...settings },
    family: 3,
    fetch: async (file) => {
      fetched.push(file.file);
      return fetch?.(file);
    },
    // As the screen, which draws anew.
    changed: () => queueMicrotask(() => pictures.see(seen)),
  });
  const see = (...files: readonly FileBody[]) => {
    seen = files;
    pictures.see(files);
  };
  /** To the question that was asked last. */
  const answer = (answers: string | undefined) => asking.pop()?.(answers);
  /** It is on the disk of this machine. */
  const here = (body: FileBody, bytes: Uint8Array) => {
    const path = join(folder, `${body.file}.png`);
    writeFileSync(path, bytes);
    pictures.here(body.file, path);
    return path;
  };
  const shows = (body: FileBody) => until(body.name, () => pictures.sizes.get(body.file));
  return { pictures, asked, painters, fetched, see, answer, here, shows };
}

describe("the terminal", () => {
  test("is asked when there is something to be shown, and not before", async () => {
    const { asked, see, here, answer, shows, painters } = opened();
    const body = offered(CAT);
    see(body, offered(CAT, { name: "notes.txt" }));
    expect(asked).toEqual([]);
    here(body, CAT);
    see(body);
    see(body);
    expect(asked).toEqual([PICTURE_QUERY]);
    answer(KITTY);
    expect(await shows(body)).toMatchObject({ id: 3 * 2 ** 24 + 1, columns: 10, rows: 2 });
    expect(painters).toHaveLength(1);
    const box = { id: 3 * 2 ** 24 + 1, columns: 10, rows: 2 };
    expect(painters[0]?.pieces(box)?.join("")).toContain("a=T,U=1,f=100");
    expect(painters[0]?.pieces({ ...box, id: 9 })).toBeUndefined();
  });

  test("that shows none has nothing read", async () => {
    const { pictures, asked, see, here, answer } = opened();
    const body = offered(CAT);
    here(body, CAT);
    see(body);
    answer("\x1b[?62;22c");
    await Promise.resolve();
    see(body);
    expect(asked).toHaveLength(1);
    expect(pictures.sizes.size).toBe(0);
  });

  test("that answers nothing shows nothing, unless its name says more", async () => {
    for (const [env, count] of [
      [{}, 0],
      [{ TERM_PROGRAM: "iTerm.app" }, 1],
    ] as const) {
      const { painters, see, here, answer } = opened({ env });
      const body = offered(CAT);
      here(body, CAT);
      see(body);
      answer(undefined);
      await Promise.resolve();
      expect(painters).toHaveLength(count);
    }
  });

  test("is what the settings say; where nothing is told, cells are small", async () => {
    const { asked, answer, see, here, shows } = opened({ settings: { pictures: "sixel" } });
    const body = offered(CAT);
    here(body, CAT);
    see(body);
    expect(asked).toEqual([PICTURE_QUERY]);
    answer(undefined);
    expect(await shows(body)).toMatchObject({ columns: 100 / 8, rows: 40 / 16 });
  });

  test.each([
    [{ TMUX: "/tmp/tmux" }, "auto"],
    [{ STY: "1.tty" }, "auto"],
    [{ NO_COLOR: "1" }, "auto"],
    [{ TERM: "linux" }, "auto"],
    [{}, "off"],
  ] as const)("is asked nothing: %j, %s", (env, setting) => {
    const { asked, see, here } = opened({ env, settings: { pictures: setting } });
    const body = offered(CAT);
    here(body, CAT);
    see(body);
    expect(asked).toEqual([]);
  });

  test.each(["auto", "kitty"] as const)("that has no cells for them, %s", async (setting) => {
    const { painters, see, here, answer, shows } = opened({ settings: { pictures: setting } });
    const body = offered(CAT);
    here(body, CAT);
    see(body);
    answer("\x1bP>|Konsole 25.08.1\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[6;20;10t\x1b[?62;1;4c");
    const { id } = await shows(body);
    const [painter] = painters;
    expect(painter).toMatchObject({ isPlaced: false, isUnique: true });
    expect(painter?.pieces({ id, columns: 10, rows: 2 })?.[0]).toStartWith("\x1b_Ga=T,C=1,");
    expect(painter?.without([5, 6], false)).toBe(withoutKitty(5) + withoutKitty(6));
  });

  test("inside tmux takes what tmux hands on, and nothing that tmux cannot place", async () => {
    const env = { TMUX: "/tmp/tmux" };
    const kitty = opened({ env, settings: { pictures: "kitty" } });
    const iterm = opened({ env, settings: { pictures: "iterm2" } });
    for (const { see, here, answer, asked } of [kitty, iterm]) {
      const body = offered(CAT);
      here(body, CAT);
      see(body);
      expect(asked).toEqual([CELL_QUERY]);
      answer("\x1b[?1;2c");
    }
    await until("a picture", () => kitty.pictures.sizes.size === 1);
    const [size] = kitty.pictures.sizes.values();
    const box = { id: size?.id ?? 0, columns: 5, rows: 2 };
    expect(kitty.painters[0]?.pieces(box)?.[0]).toStartWith("\x1bPtmux;\x1b\x1b_Ga=T");
    expect(kitty.painters[0]?.without([5], true)).toBe(
      throughTmux("\x1b_Gq=2,m=0;\x1b\\") + throughTmux("\x1b_Ga=d,d=I,i=5,q=2\x1b\\"),
    );
    expect(iterm.painters).toEqual([]);
  });
});

describe("a file", () => {
  test("that is another one by now is not shown", async () => {
    const { pictures, see, here, answer, shows } = opened();
    const [changed, good] = [offered(CAT), offered(CAT)];
    here(changed, CAT.with(60, 1));
    here(good, CAT);
    see(good, changed);
    answer(KITTY);
    await shows(good);
    expect(pictures.sizes.has(changed.file)).toBe(false);
    here(changed, CAT);
    await shows(changed);
  });

  test("that is too large, or a folder, is not read", () => {
    const { asked, see, here } = opened();
    const large = offered(CAT, { size: PICTURE_FILE_BYTES_MAX + 1 });
    const whole = offered(CAT, { folder: { entries: 1, manifestBytes: 1 } });
    for (const body of [large, whole]) here(body, CAT);
    see(large, whole);
    expect(asked).toEqual([]);
    const most = offered(CAT, { size: PICTURE_FILE_BYTES_MAX });
    here(most, CAT);
    see(most);
    expect(asked).toHaveLength(1);
  });

  test("that is not here is fetched if the user wants that, and only once", async () => {
    const fetch = async ({ name }: FileBody) => (name === "cat.png" ? CAT : undefined);
    const { asked, fetched, pictures, see, answer, shows } = opened({
      settings: { fetchPictures: true },
      fetch,
    });
    const [large, gone, small] = [
      offered(CAT, { size: PICTURE_FETCHED_BYTES_MAX + 1 }),
      offered(CAT, { name: "gone.png" }),
      offered(CAT, { size: PICTURE_FETCHED_BYTES_MAX }),
    ];
    see(large);
    expect(asked).toEqual([]);
    see(small, gone, large);
    answer(KITTY);
    await shows(small);
    see(small, gone, large);
    expect(fetched).toEqual([gone.file, small.file]);
    pictures.end();
  });

  test("that went out of sight makes room, and is read again when it is seen", async () => {
    const { pictures, see, here, answer, shows } = opened();
    const bodies = Array.from({ length: PICTURES_KEPT_MAX + 3 }, () => offered(CAT));
    for (const body of bodies) {
      here(body, CAT);
      see(body);
      answer(KITTY);
      await shows(body);
      expect(pictures.sizes.size).toBeLessThanOrEqual(PICTURES_KEPT_MAX);
    }
    const [first = offered(CAT)] = bodies;
    expect(pictures.sizes.has(first.file)).toBe(false);
    see(first);
    await shows(first);
    expect(new Set([...pictures.sizes.values()].map(({ id }) => id)).size).toBe(PICTURES_KEPT_MAX);
  });
});

test("another setting begins anew", async () => {
  const { pictures, asked, painters, see, here, answer, shows } = opened();
  const body = offered(CAT);
  here(body, CAT);
  see(body);
  answer(KITTY);
  await shows(body);
  pictures.choose({ pictures: "off", fetchPictures: false });
  expect(pictures.sizes.size).toBe(0);
  expect(painters.at(-1)).toBeUndefined();
  see(body);
  expect(asked).toHaveLength(1);
  pictures.choose({ pictures: "iterm2", fetchPictures: false });
  see(body);
  answer("\x1b[?62c");
  await shows(body);
  expect(painters.at(-1)?.isPlaced).toBe(false);
});

test("a picture of sixel is ready a little later", async () => {
  const { pictures, painters, see, here, answer, shows } = opened();
  const body = offered(CAT);
  here(body, CAT);
  see(body);
  answer("\x1b[6;20;10t\x1b[?62;4c");
  const { id } = await shows(body);
  const box = { id, columns: 10, rows: 2 };
  const pieces = () => painters.at(-1)?.pieces(box);
  expect(pieces()).toBeUndefined();
  const [text = ""] = await until("sixel", pieces);
  expect(text).toStartWith('\x1bP0;1q"1;1;');
  expect(pieces()).toEqual([text]);
  pictures.end();
});
