import type { VerbTable } from "../cli/command.ts";

/** Every verb, in the order of `chat --help`. */
export const VERBS: VerbTable = {
  serve: { summary: "Run a server", load: () => import("./serve.ts") },
  join: { summary: "Enter a server and talk", load: () => import("./join.ts") },
  send: {
    summary: "Send one message, or each line of stdin",
    load: () => import("./send.ts"),
  },
  "send-file": {
    summary: "Send files and folders",
    load: () => import("./send-file.ts"),
  },
  "get-file": {
    summary: "Fetch files, or all that arrive",
    load: () => import("./get-file.ts"),
  },
  web: { summary: "Open the page on this machine", load: () => import("./web.ts") },
  share: {
    summary: "Give files to another machine, without a server",
    load: () => import("./share.ts"),
  },
  receive: {
    summary: "Receive files that chat share gives",
    load: () => import("./receive.ts"),
  },
  digest: { summary: "Print the digest of files", load: () => import("./digest.ts") },
  history: { summary: "Show messages", load: () => import("./history.ts") },
  users: { summary: "List the users", load: () => import("./users.ts") },
  rooms: { summary: "List the rooms", load: () => import("./rooms.ts") },
  files: { summary: "List the files", load: () => import("./files.ts") },
  register: {
    summary: "Make an account",
    load: async () => ({ command: (await import("./account/sign-in.ts")).register }),
  },
  login: {
    summary: "Let this device sign in",
    load: async () => ({ command: (await import("./account/sign-in.ts")).login }),
  },
  logout: {
    summary: "Sign this device out",
    load: async () => ({ command: (await import("./account/sign-in.ts")).logout }),
  },
  devices: { summary: "List your devices", load: () => import("./account/devices.ts") },
  "link-device": {
    summary: "Add another device to your account",
    load: () => import("./account/link-device.ts"),
  },
  lan: { summary: "Talk without a server, by multicast", load: () => import("./lan.ts") },
  trust: {
    summary: "List, accept or forget the identities of servers",
    load: () => import("./trust.ts"),
  },
  discover: {
    summary: "Find servers on this network",
    load: () => import("./discover.ts"),
  },
  doctor: { summary: "Find what is wrong", load: () => import("./doctor.ts") },
  passwd: { summary: "Change the password", load: () => import("./account/passwd.ts") },
  admin: { summary: "Moderate and manage a server", load: () => import("./admin.ts") },
  completions: {
    summary: "Print the completion script for a shell",
    load: () => import("./completions.ts"),
  },
  complete: {
    summary: "Complete a command line, for shells",
    hidden: true,
    load: () => import("./complete.ts"),
  },
  version: { summary: "Print the version", load: () => import("./version.ts") },
};
