import { defineVerb } from "../../cli/command.ts";
import { untilConnected, withClient } from "../../cli/connect/client.ts";
import { say } from "../../cli/context.ts";
import { SERVER_ARGUMENT, SERVER_FLAGS } from "../../cli/flags.ts";
import { moment, renderJson, renderTable, styleOf } from "../../cli/output/render.ts";

export const command = defineVerb({
  args: {
    at: SERVER_ARGUMENT,
    revoke: { type: "string", valueHint: "DEVICE", description: "Sign this device out" },
    ...SERVER_FLAGS,
  },
  details: "A device that came in by password reads and writes all but sealed rooms.",
  async run(args, context) {
    return withClient(context, args, { argument: args.at, mode: "login" }, async ({ client }) => {
      await untilConnected(client.events());
      const { revoke } = args;
      if (revoke !== undefined) {
        await client.request("revoke", { device: revoke });
        const line = { kind: "revoked", device: revoke };
        if (context.json) context.stdout.write(renderJson(line));
        else say(context, `the device ${revoke} is signed out`);
        return 0;
      }
      const { devices } = await client.request("devices", {});
      const style = styleOf(context);
      const shown = devices.map((one) => ({ ...one, since: moment(one.since, style) }));
      const out =
        style.format === "json"
          ? shown.map((one) => renderJson({ kind: "device", ...one })).join("")
          : renderTable(
              ["device", "since", "by", "online", ""],
              shown.map(({ device, since, certified, current, online }) => [
                device,
                since,
                certified ? "account key" : "password",
                online ? "online" : "offline",
                current ? "this one" : "",
              ]),
              style,
            );
      context.stdout.write(out);
      return 0;
    });
  },
});
