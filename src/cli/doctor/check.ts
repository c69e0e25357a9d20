/** Checks in `chat doctor` and their results. */

import { Fault } from "../../base/fault.ts";
import { withTimeout } from "../../io/clock.ts";
import { type Context, WaitNotice } from "../context.ts";
import { toFault } from "../errors.ts";

export type CheckState = "ok" | "warning" | "failed" | "skipped";

export interface Finding {
  readonly state: CheckState;
  readonly message: string;
  readonly remedy?: string;
  readonly exitCode?: number;
}

export interface CheckResult extends Finding {
  readonly name: string;
  readonly ms: number;
}

export function ok(message: string): Finding {
  return { state: "ok", message };
}

export function warning(message: string, remedy: string): Finding {
  return { state: "warning", message, remedy };
}

export function skipped(message: string): Finding {
  return { state: "skipped", message };
}

export function failed(error: unknown): Finding {
  const { message, remedy, exitCode } = toFault(error);
  return { state: "failed", message, remedy, exitCode };
}

export function warningFrom(error: unknown): Finding {
  const { message, remedy } = toFault(error);
  return { state: "warning", message, remedy };
}

export type CheckBody = () => Finding | Promise<Finding>;

export class CheckRunner {
  readonly #results: CheckResult[] = [];

  constructor(
    private readonly context: Pick<Context, "clock" | "stderr">,
    private readonly onResult: (result: CheckResult) => void,
  ) {}

  get results(): readonly CheckResult[] {
    return this.#results;
  }

  get exitCode(): number {
    return this.#results.find(({ state }) => state === "failed")?.exitCode ?? 0;
  }

  /** @returns whether dependent checks can run */
  async check(name: string, timeoutMs: number, work: CheckBody): Promise<boolean> {
    const { clock } = this.context;
    using _waiting = new WaitNotice(this.context, `checking: ${name} …`).start();
    const startedAt = clock.now();
    const timedOut = () => {
      const seconds = timeoutMs / 1000;
      return failed(new Fault("timeout", `this check did not finish within ${seconds} s`));
    };
    const attempt = Promise.resolve().then(work).catch(failed);
    const finding = await withTimeout(attempt, timeoutMs, timedOut, clock);
    const result = { name, ms: Math.round(clock.now() - startedAt), ...finding };
    this.#results.push(result);
    this.onResult(result);
    return finding.state === "ok" || finding.state === "warning";
  }
}
