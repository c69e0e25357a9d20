/** Notices about the server: the delay after wrong passwords, and evidence against it. */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { jsonLine } from "../../base/text.ts";
import type { AuditEvidence } from "../../client/auditor.ts";
import type { GuessDelay } from "../../client/link/connection.ts";
import { writeSmallFile } from "../../io/disk/data-folder.ts";
import { ENGLISH_TERMINAL, type Message } from "../../ui/messages/en/terminal.ts";
import { type Context, mayRedraw, printNotice } from "../context.ts";

/**
 * Delay before the countdown appears. A correct secret is answered sooner, even after wrong
 * attempts.
 */
const DISPLAY_DELAY_MS = 400;
const TICK_MS = 1_000;
const CLEAR_LINE = "\r\x1b[K";

/** A countdown on a terminal, otherwise a single line. */
export class GuessDelayDisplay {
  /** Set by the full-screen client, which displays the text itself. */
  displayOverride: ((text: Message) => void) | undefined;
  #cancel: (() => void) | undefined;
  #isDrawn = false;

  constructor(private readonly context: Context) {}

  readonly update = (delay: GuessDelay | undefined): void => {
    this.#end();
    if (delay === undefined) return;
    const { clock } = this.context;
    const deadline = clock.now() + delay.waitMs;
    const firstMs = Math.min(DISPLAY_DELAY_MS, delay.waitMs);
    this.#cancel = clock.after(firstMs, () => this.#show(delay.of, deadline));
  };

  #show(of: GuessDelay["of"], deadline: number): void {
    const { clock, stderr } = this.context;
    // The answer still has to cross the network, so the countdown stops at one second.
    const seconds = Math.max(1, Math.ceil((deadline - clock.now()) / 1000));
    const message = ENGLISH_TERMINAL.guessDelay(of, seconds);
    const countsDown = this.context.terminal !== undefined && mayRedraw(this.context);
    const fits = message.length + "chat: ".length < stderr.columns();
    if (this.displayOverride !== undefined) {
      return this.displayOverride((texts) => texts.guessDelay(of, seconds));
    }
    if (!countsDown || !fits) return printNotice(this.context, message);
    stderr.write(`${CLEAR_LINE}chat: ${message}`);
    this.#isDrawn = true;
    this.#cancel = clock.after(TICK_MS, () => this.#show(of, deadline));
  }

  #end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#isDrawn) this.context.stderr.write(CLEAR_LINE);
    this.#isDrawn = false;
  }
}

const FOLDER = "evidence";
const DIGITS = 16;

/** Stores a file that proves that a server rewrote its log. */
export function storeEvidence(home: string, evidence: AuditEvidence): string {
  const { reason, known, shown } = evidence;
  const name = createHash("sha256")
    .update(JSON.stringify([reason, known, shown]))
    .digest("hex")
    .slice(0, DIGITS);
  const folder = join(home, FOLDER);
  const path = join(folder, `${name}.json`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!existsSync(path)) writeSmallFile(path, jsonLine(evidence));
  return path;
}
