/** Pictures of the windows of a page test that fails, in `dist/page-failures/`. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";

const FOLDER = join(import.meta.dir, "../../dist/page-failures");
/** A window that closes sooner has not waited in vain. */
const WAIT_MS = 10_000;
const PICTURE_TIMEOUT_MS = 10_000;

/** Windows that are open, with the time when they were opened. */
const openPages = new Map<Page, number>();
/** Pictures of windows that the running test has closed, perhaps because it fails. */
let closed: Uint8Array[] = [];
let isTestRunning = false;

export function pageOpened(page: Page): void {
  openPages.set(page, performance.now());
}

/** Call before the window is closed. */
export async function pageCloses(page: Page): Promise<void> {
  const openedMs = openPages.get(page) ?? 0;
  openPages.delete(page);
  if (isTestRunning && performance.now() - openedMs >= WAIT_MS)
    closed.push(...(await pictureOf(page)));
}

/** Runs a test. If it fails, stores a picture of each of its windows. */
export async function withPictures(name: string, act: () => Promise<void>): Promise<void> {
  closed = [];
  isTestRunning = true;
  try {
    await act();
  } catch (error) {
    const open = await Promise.all([...openPages.keys()].map(pictureOf));
    mkdirSync(FOLDER, { recursive: true });
    for (const [index, picture] of [...closed, ...open.flat()].entries()) {
      const path = join(FOLDER, `${name.replace(/\W+/g, "-").slice(0, 80)}-${index + 1}.jpg`);
      writeFileSync(path, picture);
      process.stderr.write(`picture: ${path}\n`);
    }
    throw error;
  } finally {
    isTestRunning = false;
  }
}

/** Empty if the window shows nothing more. */
async function pictureOf(page: Page): Promise<Uint8Array[]> {
  const taken = page.screenshot({ type: "jpeg", quality: 60, timeout: PICTURE_TIMEOUT_MS });
  return await taken.then(
    (picture) => [picture],
    () => [],
  );
}
