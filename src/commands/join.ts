/** `chat join`, which opens the chat. */

import { Fault } from "../base/fault.ts";
import { type Name, parseRoom } from "../base/names.ts";
import { LineClient } from "../cli/chat/line-client.ts";
import { defineVerb, flag, stringFlag } from "../cli/command.ts";
import { explainNewServer, isInteractive, openClient } from "../cli/connect/client.ts";
import { type Context, faultLine, printNotice, runInterruptible } from "../cli/context.ts";
import { faultJson, usageFault } from "../cli/errors.ts";
import { SERVER_ARGUMENT, SERVER_FLAGS } from "../cli/flags.ts";
import { printJson } from "../cli/output/result.ts";
import { isTransient } from "../client/link/retry.ts";
import { LOBBY } from "../core/rooms/rooms.ts";
import { delay } from "../io/clock.ts";
import { isAppendOnly } from "../io/terminal/terminal-type.ts";

export const command = defineVerb({
  args: {
    at: SERVER_ARGUMENT,
    room: stringFlag("ROOM", "Rooms to join (Default: lobby)", {
      many: true,
      parse: parseRoom,
      alias: "r",
    }),
    register: flag("Fail if the name exists"),
    login: flag("Fail unless the name exists"),
    localPort: stringFlag("N", "Connect from this local port", {
      integer: { min: 1, max: 65_535 },
    }),
    plain: flag("Use line mode"),
    wait: flag("Keep trying to connect (default on a terminal)"),
    noWait: flag("Exit if the first attempt to connect fails"),
    ...SERVER_FLAGS,
  },
  details:
    "Each line is sent to the current room. /help lists commands. QUIT or Ctrl-D quits. If a " +
    "script sends a folder and leaves entries out, it names them and exits with code 7.",
  async run(args, context) {
    if (args.register && args.login) {
      throw usageFault("--register and --login cannot be combined", "use only one of them");
    }
    if (args.wait && args.noWait) {
      throw usageFault("--wait and --no-wait cannot be combined", "use only one of them");
    }
    const isFullScreen = hasFullScreen(context, args.plain);
    const opensAtOnce = isInteractive(context) && !args.noWait;
    const options = {
      argument: args.at,
      mode: args.register ? "register" : args.login ? "login" : "either",
      follow: "all",
      setsDefaults: true,
      reconnect: true,
      waitsForPosts: true,
      localPort: args.localPort,
      hasModel: true,
      hasReader: !isFullScreen,
      opensAtOnce,
    } as const;
    const waits = (fault: Fault) => {
      const lacksMajority = fault.code === "no-majority" && context.terminal !== undefined;
      return lacksMajority || (args.wait && isTransient(fault));
    };
    const open = await retry(context, waits, () => openClient(context, args, options));
    const { room } = open.address;
    const named = args.room.length > 0 || room === undefined ? args.room : [room];
    const entered: readonly Name[] = named.length > 0 ? named : [LOBBY];
    try {
      if (!isFullScreen) return await new LineClient(context, open, entered).run();
      // Loaded on demand, because no other command needs it.
      const { runFullScreen } = await import("../cli/screen/join.ts");
      return await runFullScreen(context, open, entered, named.length > 0);
    } catch (error) {
      throw explainNewServer(context, open.address, error);
    }
  },
});

function hasFullScreen(context: Context, isPlain: boolean): boolean {
  const { stdin, env } = context;
  return !isPlain && isInteractive(context) && stdin.isTerminal && !isAppendOnly(env);
}

const RETRY_DELAY_MS = 5_000;

/**
 * Retries after the faults for which the user waits, and reports the first one. Without a majority,
 * the server cannot check whether a name that it does not know exists. Without --wait, a script
 * fails instead of waiting, because its input would remain unread.
 * @throws {Fault} as `open`; interrupted
 */
async function retry<Result>(
  context: Context,
  waits: (fault: Fault) => boolean,
  open: () => Promise<Result>,
): Promise<Result> {
  let isReported = false;
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof Fault) || !waits(error)) throw error;
      const { code, message } = error;
      const fault = new Fault(code, message, { remedy: "retrying; Ctrl-C to stop" });
      // A script expects `connected` first.
      if (!isReported && context.terminal !== undefined) printJson(context, faultJson(fault));
      if (!isReported) printNotice(context, faultLine(fault));
      isReported = true;
    }
    await runInterruptible(context, () => delay(context.clock, RETRY_DELAY_MS));
  }
}
