/** `chat admin groups` and `remove-groups`, which count and remove groups unseen. */

import { counted } from "../../base/sizes.ts";
import { enumFlag } from "../../cli/command.ts";
import { operatorList, operatorVerb, USER_ARGUMENT } from "../../cli/connect/operator.ts";
import { fetchAll } from "../../client/link/lists.ts";
import { LIST_FLAGS } from "./lists.ts";

export const groups = operatorList({
  summary: "Count groups by who began them",
  examples: ["chat admin groups"],
  args: {
    sort: enumFlag(["groups", "name"], "Sort by number of groups or by name", {
      default: "groups",
      valueHint: "ORDER",
    }),
    ...LIST_FLAGS,
  },
  details: "Titles, members and messages of groups stay hidden from operators.",
  fetch: (args, { client }) =>
    fetchAll(args, async (query) => {
      const { users: page, total } = await client.request("all-groups", query);
      return { page, total };
    }),
  json: ({ removed = false, ...entry }) => ({ kind: "groups", ...entry, removed }),
  columns: {
    user: ({ user }) => user,
    groups: ({ groups }) => groups,
    members: ({ members }) => members,
    account: ({ removed }) => (removed === true ? "removed" : ""),
  },
});

export const removeGroups = operatorVerb({
  summary: "Remove all groups that a user began",
  examples: ["chat admin remove-groups mallory"],
  args: { name: USER_ARGUMENT },
  details:
    "Also works after the account was removed. Nobody can read removed groups. Their records " +
    "stay in the data folder; to delete what the user posted: chat admin erase --user.",
  question: ({ name }) => `Permanently remove all groups that ${name} began?`,
  async run({ name: user }, { client }) {
    let removedCount = 0;
    for (;;) {
      const { removed, more } = await client.request("remove-groups", { user });
      removedCount += removed;
      if (!more) break;
    }
    return {
      json: { kind: "groups-removed", user, groups: removedCount },
      text: `removed ${counted(removedCount, "group")} of ${user}`,
    };
  },
});
