/** `chat admin`: the table of its subcommands. */

import { defineGroup } from "../cli/command.ts";

export const command = defineGroup({
  accounts: {
    summary: "List all accounts: who is online, and when they were here last",
    examples: ["chat admin accounts", "chat admin accounts --sort seen --json"],
    load: async () => ({ command: (await import("./admin/lists.ts")).accounts }),
  },
  rooms: {
    summary: "List all rooms, the largest first",
    examples: ["chat admin rooms"],
    load: async () => ({ command: (await import("./admin/lists.ts")).rooms }),
  },
  files: {
    summary: "List all files, the largest first",
    examples: ["chat admin files --find report"],
    load: async () => ({ command: (await import("./admin/lists.ts")).files }),
  },
  clients: {
    summary: "List connections, with addresses and what they carried",
    examples: ["chat admin clients"],
    load: async () => ({ command: (await import("./admin/window.ts")).clients }),
  },
  transfers: {
    summary: "List files under way",
    examples: ["chat admin transfers"],
    load: async () => ({ command: (await import("./admin/window.ts")).transfers }),
  },
  cancel: {
    summary: "Cancel a file that is being sent or taken",
    examples: ["chat admin cancel fAB12CD34EF56GH78 bob"],
    load: async () => ({ command: (await import("./admin/window.ts")).cancel }),
  },
  stats: {
    summary: "Show how the server is",
    examples: ["chat admin stats"],
    load: async () => ({ command: (await import("./admin/window.ts")).stats }),
  },
  log: {
    summary: "Show what happened, and what was decided since when you like",
    examples: ["chat admin log", "chat admin log --since 30d --json"],
    load: async () => ({ command: (await import("./admin/log.ts")).command }),
  },
  announce: {
    summary: "Tell all users something, or take it back",
    examples: ["chat admin announce 'We move at noon.'", "chat admin announce --withdraw"],
    load: async () => ({ command: (await import("./admin/announce.ts")).command }),
  },
  kick: {
    summary: "Remove a user from a room",
    examples: ["chat admin kick bob --room lab"],
    load: async () => ({ command: (await import("./admin/people.ts")).kick }),
  },
  mute: {
    summary: "Let a user read, but not write, in a room",
    examples: ["chat admin mute bob --room lab --for 10m"],
    load: async () => ({ command: (await import("./admin/people.ts")).mute }),
  },
  unmute: {
    summary: "Let a muted user write again",
    examples: ["chat admin unmute bob --room lab"],
    load: async () => ({ command: (await import("./admin/people.ts")).unmute }),
  },
  grant: {
    summary: "Make a user an operator, or with --room a moderator",
    examples: ["chat admin grant ana", "chat admin grant bob --room lab"],
    load: async () => ({ command: (await import("./admin/people.ts")).grant }),
  },
  revoke: {
    summary: "Take the role of operator or moderator away",
    examples: ["chat admin revoke bob --room lab"],
    load: async () => ({ command: (await import("./admin/people.ts")).revoke }),
  },
  ban: {
    summary: "Ban an account or an address",
    examples: ["chat admin ban bob --for 2h --reason 'Cool down.'", "chat admin ban 192.0.2.9"],
    load: async () => ({ command: (await import("./admin/bans.ts")).ban }),
  },
  unban: {
    summary: "Let a banned account or address in again",
    examples: ["chat admin unban bob"],
    load: async () => ({ command: (await import("./admin/bans.ts")).unban }),
  },
  bans: {
    summary: "List banned accounts and addresses",
    examples: ["chat admin bans"],
    load: async () => ({ command: (await import("./admin/bans.ts")).bans }),
  },
  erase: {
    summary: "Erase messages, or all that a user said",
    examples: ["chat admin erase 12 13", "chat admin erase --user bob"],
    load: async () => ({ command: (await import("./admin/erase.ts")).command }),
  },
  retention: {
    summary: "Set how long a room keeps messages and files",
    examples: ["chat admin retention lab 90d", "chat admin retention lab off"],
    load: async () => ({ command: (await import("./admin/retention.ts")).command }),
  },
  invite: {
    summary: "Make a line that lets a user in",
    examples: ["chat admin invite --uses 20 --expires 7d", "chat admin invite --post build"],
    load: async () => ({ command: (await import("./admin/invites.ts")).invite }),
  },
  invites: {
    summary: "List the valid invites, or revoke one",
    examples: ["chat admin invites", "chat admin invites --revoke ID"],
    load: async () => ({ command: (await import("./admin/invites.ts")).invites }),
  },
  reset: {
    summary: "Make a line that lets a user set a new password",
    examples: ["chat admin reset bob --expires 2h"],
    load: async () => ({ command: (await import("./admin/accounts.ts")).reset }),
  },
  "sign-out": {
    summary: "Sign all devices of a user out",
    examples: ["chat admin sign-out bob"],
    load: async () => ({ command: (await import("./admin/accounts.ts")).signOut }),
  },
  rename: {
    summary: "Give an account another name",
    examples: ["chat admin rename bob robert"],
    load: async () => ({ command: (await import("./admin/accounts.ts")).rename }),
  },
  remove: {
    summary: "Remove an account",
    examples: ["chat admin remove bob"],
    load: async () => ({ command: (await import("./admin/accounts.ts")).remove }),
  },
  room: {
    summary: "Rename, close or remove a room",
    examples: ["chat admin room rename lab workshop", "chat admin room close lab"],
    load: () => import("./admin/room.ts"),
  },
  registration: {
    summary: "Show, close or open registration",
    examples: ["chat admin registration closed"],
    load: async () => ({ command: (await import("./admin/registration.ts")).command }),
  },
});
