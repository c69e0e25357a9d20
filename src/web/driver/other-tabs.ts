/**
 * Notices that another tab of this browser has closed or crashed: the browser then releases the
 * lock that each page holds under an id of its own.
 */

import { toBase64Url } from "../../base/bytes.ts";
import { ID_BYTES } from "../../base/ids.ts";
import { ifPossible } from "../../io/promises.ts";
import type { Platform, TabMessage } from "../browser/environment.ts";

/** A tab that reloads takes its messages back within this time. */
const RELOAD_MS = 5_000;

export class OtherTabs {
  readonly #id: string;
  readonly #watched = new Set<string>();
  #isHeld = false;

  constructor(
    private readonly platform: Pick<Platform, "clock" | "entropy" | "locks" | "tabs">,
    private readonly onClosed: () => void,
  ) {
    this.#id = toBase64Url(platform.entropy(ID_BYTES));
  }

  /** From now on, this tab and the others notice when one of them closes. */
  async announce(): Promise<void> {
    if (this.#isHeld) return;
    this.#isHeld = true;
    await ifPossible(this.platform.locks.hold(lockName(this.#id)));
    this.platform.tabs.broadcast({ kind: "opened", page: this.#id, answers: false });
  }

  receive({ page, answers }: Extract<TabMessage, { kind: "opened" }>): void {
    if (!this.#isHeld) return;
    if (!answers) this.platform.tabs.broadcast({ kind: "opened", page: this.#id, answers: true });
    if (this.#watched.has(page)) return;
    this.#watched.add(page);
    const closed = this.platform.locks.whenReleased(lockName(page)).then(() => {
      this.#watched.delete(page);
      this.platform.clock.after(RELOAD_MS, this.onClosed);
    });
    void ifPossible(closed);
  }
}

function lockName(page: string): string {
  return `chat page ${page}`;
}
