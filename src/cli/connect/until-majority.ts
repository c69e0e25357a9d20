/** Retries a login until the cluster has a majority. */

import { Fault } from "../../base/fault.ts";
import { delay } from "../../io/clock.ts";
import { type Context, faultLine, printNotice, runInterruptible } from "../context.ts";
import { faultJson } from "../errors.ts";
import { printJson } from "../output/result.ts";

const RETRY_DELAY_MS = 5_000;

/**
 * Without a majority, the server cannot check whether a name that it does not know exists. The
 * delay is reported only once. A script fails instead of waiting, because its input would remain
 * unread.
 * @throws {Fault} as `open`; interrupted
 */
export async function retryUntilMajority<Result>(
  context: Context,
  open: () => Promise<Result>,
): Promise<Result> {
  let isReported = false;
  for (;;) {
    try {
      return await open();
    } catch (error) {
      const lacksMajority = error instanceof Fault && error.code === "no-majority";
      if (!lacksMajority || context.terminal === undefined) throw error;
      const { code, message } = error;
      const fault = new Fault(code, message, { remedy: "retrying; Ctrl-C to stop" });
      if (!isReported) printJson(context, faultJson(fault));
      if (!isReported) printNotice(context, faultLine(fault));
      isReported = true;
    }
    await runInterruptible(context, () => delay(context.clock, RETRY_DELAY_MS));
  }
}
