import { processWorld } from "./commands/_context.ts";
import { flushed, report, runProgram } from "./commands/_program.ts";
import type { VerbTable } from "./commands/_verb.ts";

/** Every verb, in the order of `chat --help`. */
const VERBS: VerbTable = {
  serve: { summary: "Run a server", load: () => import("./commands/serve.ts") },
  join: { summary: "Come in and talk", load: () => import("./commands/join.ts") },
  send: {
    summary: "Send one message, or each line of stdin",
    load: () => import("./commands/send.ts"),
  },
  "send-file": {
    summary: "Send files and folders",
    load: () => import("./commands/send-file.ts"),
  },
  "get-file": {
    summary: "Take files, or all that arrive",
    load: () => import("./commands/get-file.ts"),
  },
  web: { summary: "Open the page on this machine", load: () => import("./commands/web.ts") },
  share: {
    summary: "Give files to another machine, without a server",
    load: () => import("./commands/share.ts"),
  },
  receive: {
    summary: "Take what somebody shares",
    load: () => import("./commands/receive.ts"),
  },
  digest: { summary: "Print the digest of files", load: () => import("./commands/digest.ts") },
  history: { summary: "Show what was said", load: () => import("./commands/history.ts") },
  users: { summary: "List the people", load: () => import("./commands/users.ts") },
  rooms: { summary: "List the rooms", load: () => import("./commands/rooms.ts") },
  files: { summary: "List the files", load: () => import("./commands/files.ts") },
  register: { summary: "Make an account", load: () => import("./commands/register.ts") },
  login: { summary: "Let this device sign in", load: () => import("./commands/login.ts") },
  logout: { summary: "Sign this device out", load: () => import("./commands/logout.ts") },
  devices: { summary: "List your devices", load: () => import("./commands/devices.ts") },
  "link-device": {
    summary: "Make another device yours",
    load: () => import("./commands/link-device.ts"),
  },
  lan: { summary: "Talk without a server, by multicast", load: () => import("./commands/lan.ts") },
  trust: { summary: "Whom you know servers to be", load: () => import("./commands/trust.ts") },
  discover: {
    summary: "Find servers on this network",
    load: () => import("./commands/discover.ts"),
  },
  doctor: { summary: "Find what is wrong", load: () => import("./commands/doctor.ts") },
  passwd: { summary: "Change the password", load: () => import("./commands/passwd.ts") },
  admin: { summary: "Keep order on a server", load: () => import("./commands/admin.ts") },
  version: { summary: "Print the version", load: () => import("./commands/version.ts") },
};

const SUMMARY = "Chat for people who share a network: server, client and history in one program";

const argv = process.argv.slice(2);

const world = processWorld((fault) => {
  // Whoever read our output is gone, as after `| head`: there is nothing left to do.
  if (fault === undefined) process.exit(0);
  end(report(fault, argv, world));
});

function end(exitCode: number): void {
  flushed(exitCode, world).then((code) => process.exit(code));
}

process.on("uncaughtException", (error) => end(report(error, argv, world)));
process.on("unhandledRejection", (error) => end(report(error, argv, world)));

end(await runProgram({ name: "chat", summary: SUMMARY, verbs: VERBS }, argv, world));
