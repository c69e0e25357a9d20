import type { Credentials } from "../client/entry.ts";
import { type OpenClient, untilConnected, withClient } from "./_client.ts";
import { type Context, say } from "./_context.ts";
import { SERVER_ARGUMENT, SERVER_FLAGS } from "./_flags.ts";
import { renderJson } from "./_render.ts";
import { defineVerb, type Verb } from "./_verb.ts";

export interface AccountVerb {
  readonly mode: Credentials["mode"];
  /** Of the line that `--json` prints. */
  readonly kind: string;
  readonly sentence: (user: string) => string;
  readonly work?: (open: OpenClient, context: Context) => Promise<void>;
}

/** `chat register`, `login`, `logout`: in, done, one line. */
export function accountVerb({ mode, kind, sentence, work }: AccountVerb): Verb {
  return defineVerb({
    args: { at: SERVER_ARGUMENT, ...SERVER_FLAGS },
    async run(args, context) {
      return withClient(context, args, { argument: args.at, mode, insist: true }, async (open) => {
        await untilConnected(open.client.events());
        await work?.(open, context);
        const { user } = open;
        if (context.json) context.stdout.write(renderJson({ kind, user }));
        else say(context, sentence(user));
        return 0;
      });
    },
  });
}
