/** `chat admin registration`, which shows, closes or opens registration. */

import { argument } from "../../cli/command.ts";
import { operatorVerb } from "../../cli/connect/operator.ts";
import { renderJson } from "../../cli/output/render.ts";

export const command = operatorVerb({
  args: {
    state: argument("open or closed (Default: show the current state)", {
      required: false,
      choices: ["open", "closed"],
    }),
  },
  details: "If closed, new users need an invite. Existing accounts sign in as before.",
  isQuery: ({ state }) => state === undefined,
  async run({ state }, context, client) {
    const options = state === undefined ? {} : { closed: state === "closed" };
    const { closed } = await client.request("registration", options);
    const line = { kind: "registration", closed };
    const word = closed ? "closed" : "open";
    context.stdout.write(context.json ? renderJson(line) : `${word}\n`);
    return 0;
  },
});
