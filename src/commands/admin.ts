import { defineGroup } from "../cli/command.ts";

export const command = defineGroup({
  kick: {
    summary: "Remove a user from a room",
    load: async () => ({ command: (await import("./admin/people.ts")).kick }),
  },
  mute: {
    summary: "Let a user read, but not write, in a room",
    load: async () => ({ command: (await import("./admin/people.ts")).mute }),
  },
  unmute: {
    summary: "Let a muted user write again",
    load: async () => ({ command: (await import("./admin/people.ts")).unmute }),
  },
  grant: {
    summary: "Make a user an operator, or with --room a moderator",
    load: async () => ({ command: (await import("./admin/people.ts")).grant }),
  },
  revoke: {
    summary: "Take the role of operator or moderator away",
    load: async () => ({ command: (await import("./admin/people.ts")).revoke }),
  },
  ban: {
    summary: "Ban an account or an address",
    load: async () => ({ command: (await import("./admin/bans.ts")).ban }),
  },
  unban: {
    summary: "Let a banned account or address in again",
    load: async () => ({ command: (await import("./admin/bans.ts")).unban }),
  },
  bans: {
    summary: "List banned accounts and addresses",
    load: async () => ({ command: (await import("./admin/bans.ts")).bans }),
  },
  erase: {
    summary: "Erase messages, by their numbers",
    load: async () => ({ command: (await import("./admin/erase.ts")).command }),
  },
  invite: {
    summary: "Make a line that lets a user in",
    load: async () => ({ command: (await import("./admin/invites.ts")).invite }),
  },
  invites: {
    summary: "List the valid invites, or revoke one",
    load: async () => ({ command: (await import("./admin/invites.ts")).invites }),
  },
  reset: {
    summary: "Make a line that lets a user set a new password",
    load: async () => ({ command: (await import("./admin/accounts.ts")).reset }),
  },
  rename: {
    summary: "Give an account another name",
    load: async () => ({ command: (await import("./admin/accounts.ts")).rename }),
  },
  remove: {
    summary: "Remove an account",
    load: async () => ({ command: (await import("./admin/accounts.ts")).remove }),
  },
  room: { summary: "Rename, close or remove a room", load: () => import("./admin/room.ts") },
  registration: {
    summary: "Show, close or open registration",
    load: async () => ({ command: (await import("./admin/registration.ts")).command }),
  },
});
