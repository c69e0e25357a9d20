import { defineGroup } from "./_verb.ts";

export const command = defineGroup({
  kick: {
    summary: "Put somebody out of a room",
    load: async () => ({ command: (await import("./admin-people.ts")).kick }),
  },
  mute: {
    summary: "Let somebody read, but not speak, in a room",
    load: async () => ({ command: (await import("./admin-people.ts")).mute }),
  },
  unmute: {
    summary: "Let them speak again",
    load: async () => ({ command: (await import("./admin-people.ts")).unmute }),
  },
  grant: {
    summary: "Make somebody an operator, or with --room a moderator",
    load: async () => ({ command: (await import("./admin-people.ts")).grant }),
  },
  revoke: {
    summary: "Take that back",
    load: async () => ({ command: (await import("./admin-people.ts")).revoke }),
  },
  ban: {
    summary: "Keep an account or an address out",
    load: async () => ({ command: (await import("./admin-bans.ts")).ban }),
  },
  unban: {
    summary: "Let them in again",
    load: async () => ({ command: (await import("./admin-bans.ts")).unban }),
  },
  bans: {
    summary: "List who is kept out",
    load: async () => ({ command: (await import("./admin-bans.ts")).bans }),
  },
  erase: {
    summary: "Erase messages, by their numbers",
    load: async () => ({ command: (await import("./admin-erase.ts")).command }),
  },
  invite: {
    summary: "Make a line that lets somebody in",
    load: async () => ({ command: (await import("./admin-invites.ts")).invite }),
  },
  invites: {
    summary: "List the invites that are out, or revoke one",
    load: async () => ({ command: (await import("./admin-invites.ts")).invites }),
  },
  registration: {
    summary: "Show, close or open registration",
    load: async () => ({ command: (await import("./admin-registration.ts")).command }),
  },
});
