/** Dashboard tab: accounts, with actions for operators. */

import { useCallback } from "react";
import { formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import type { Answer } from "../../../wire/messages.ts";
import { confirm } from "../shell/dialog.tsx";
import { MenuButton, type MenuItem } from "../shell/menu.tsx";
import { type PartPage, usePartPage } from "../shell/part-page.ts";
import { BanDialog } from "./bans.tsx";
import { moderateItems, signOut } from "./moderation.tsx";
import { ResetDialog } from "./reset-dialog.tsx";
import { type Asked, type Column, ServerTable } from "./table.tsx";

type AccountEntry = Answer<"accounts">["accounts"][number];

function operate(page: PartPage, { user, operator }: AccountEntry, again: () => void): void {
  const { texts, chat } = page;
  const name = cleanText(user);
  confirm(page, {
    title: operator ? texts.operatorEndAsk(name) : texts.operatorAsk(name),
    text: texts.operatorExplained,
    action: operator ? texts.operatorRevoke : texts.operatorMake,
    isDanger: true,
    onConfirm: async () => {
      await chat.request("grant", { user, on: !operator });
      again();
    },
  });
}

function remove(page: PartPage, { user }: AccountEntry, again: () => void): void {
  const { texts, chat } = page;
  confirm(page, {
    title: texts.removeAsk(cleanText(user)),
    text: texts.removeAccountExplained,
    action: texts.remove,
    isDanger: true,
    onConfirm: async () => {
      await chat.request("remove", { user });
      again();
    },
  });
}

function itemsOf(page: PartPage, account: AccountEntry, again: () => void): readonly MenuItem[] {
  const { texts, show, chat } = page;
  const { user, operator } = account;
  const isMe = user === chat.model.me;
  const reset = () => show((close) => <ResetDialog user={user} onClose={close} />);
  if (isMe) return [{ label: texts.resetMake, onChoose: reset }];
  const ban = () => show((close) => <BanDialog whom={user} onClose={close} onDone={again} />);
  return [
    { label: texts.resetMake, onChoose: reset },
    { label: texts.signOutAll, onChoose: () => signOut(page, user, account.password) },
    {
      label: operator ? texts.operatorRevoke : texts.operatorMake,
      onChoose: () => operate(page, account, again),
    },
    ...moderateItems(page, user),
    { label: texts.banName, isDanger: true, onChoose: ban },
    { label: texts.remove, isDanger: true, onChoose: () => remove(page, account, again) },
  ];
}

function columnsOf(page: PartPage, again: () => void): readonly Column<AccountEntry>[] {
  const { texts, times } = page;
  return [
    {
      id: "name",
      name: texts.name,
      isHead: true,
      by: ({ user }) => user,
      cell: ({ user, operator, banned }) => (
        <>
          <span dir="auto">{cleanText(user)}</span>
          {operator ? <span className="badge">{texts.operator}</span> : null}
          {banned ? <span className="badge">{texts.banned}</span> : null}
        </>
      ),
    },
    {
      id: "more",
      name: texts.more,
      cell: (account) => (
        <MenuButton
          label={texts.actionsFor(cleanText(account.user))}
          items={() => itemsOf(page, account, again)}
        />
      ),
    },
    {
      id: "online",
      name: texts.accountState,
      cell: ({ online }) => (online ? texts.online : texts.offlineWord),
    },
    {
      id: "seen",
      name: texts.seenLast,
      // Older servers omit it.
      cell: ({ online, seen }) =>
        online ? texts.seenNow : seen === undefined ? "–" : times.utcDay(seen),
      by: ({ seen }) => seen ?? 0,
    },
    {
      id: "since",
      name: texts.registered,
      cell: ({ since }) => times.full(since),
      by: ({ since }) => since,
    },
    {
      id: "devices",
      name: texts.devices,
      cell: ({ devices, password }) =>
        password ? texts.devicesAndPassword(devices) : String(devices),
      by: ({ devices }) => devices,
    },
    {
      id: "bytes",
      name: texts.filesSize,
      cell: ({ bytes }) => formatSize(bytes),
      by: ({ bytes }) => bytes,
    },
  ];
}

/** All accounts, online or not. */
export function DashboardAccounts({ isOnline }: { readonly isOnline: boolean }) {
  const page = usePartPage();
  const { texts, chat } = page;
  const ask = useCallback(
    async (asked: Asked) => {
      const { accounts, total } = await chat.request("accounts", asked);
      return { rows: accounts, total, words: texts.accountsCount(total) };
    },
    [chat, texts],
  );
  const columns = useCallback((again: () => void) => columnsOf(page, again), [page]);
  return (
    <ServerTable
      label={texts.dashboardAccounts}
      ask={ask}
      columnsOf={columns}
      keyOf={({ user }) => user}
      order={{ by: "name", down: false }}
      isOnline={isOnline}
    />
  );
}
