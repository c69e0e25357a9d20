/** Dashboard tab: accounts, with actions for operators. */

import { Fault } from "../../../base/fault.ts";
import { formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { faultText } from "../../../ui/text/fault-text.ts";
import type { Answer } from "../../../wire/messages.ts";
import { Avatar } from "../room/person.tsx";
import { Button } from "../shell/button.tsx";
import { type PageValue, usePage } from "../shell/context.tsx";
import { confirm, confirmItem } from "../shell/dialog.tsx";
import { Icon } from "../shell/icons.tsx";
import { MenuButton, type MenuItem } from "../shell/menu.tsx";
import { RenameDialog } from "../shell/rename-dialog.tsx";
import { BanDialog } from "./bans.tsx";
import { CardsDialog } from "./cards.tsx";
import { ImportDialog } from "./import.tsx";
import { moderateItems, ResetDialog, signOut } from "./moderation.tsx";
import { type Column, field, type ListRequest, Marked, ServerTable } from "./table.tsx";

type AccountEntry = Answer<"accounts">["accounts"][number];

function accountItems(
  page: PageValue,
  account: AccountEntry,
  reload: () => void,
): readonly MenuItem[] {
  const { texts, show, chat, openDialog } = page;
  const { user, operator } = account;
  const name = cleanText(user);
  const reset = () => show((close) => <ResetDialog user={user} onClose={close} />);
  const ban = () => show((close) => <BanDialog target={user} onClose={close} onDone={reload} />);
  const operate = confirmItem(page, {
    title: operator ? texts.operatorEndAsk(name) : texts.operatorAsk(name),
    text: texts.operatorExplained,
    action: operator ? texts.removeOperator : texts.makeOperator,
    isDanger: true,
    onConfirm: () => chat.request("grant", { user, on: !operator }).then(reload),
  });
  if (user === chat.model.me) return [{ label: texts.resetPassword, onChoose: reset }, operate];
  const rename = () => openDialog(RenameDialog, { subject: { user }, onDone: reload });
  return [
    { label: `${texts.rename}…`, onChoose: rename },
    { label: texts.resetPassword, onChoose: reset },
    { label: texts.signOutAll, onChoose: () => signOut(page, user, account.password) },
    { ...operate, isDanger: false },
    ...moderateItems(page, user),
    { label: texts.banName, isDanger: true, onChoose: ban },
    confirmItem(page, {
      title: texts.removeAsk(name),
      text: texts.removeAccountExplained,
      action: texts.remove,
      isDanger: true,
      onConfirm: () => removeAccount(page, user, reload),
    }),
  ];
}

/** Asks before a room remains without a moderator. */
async function removeAccount(page: PageValue, user: string, reload: () => void): Promise<void> {
  const { chat, texts } = page;
  try {
    await chat.request("remove", { user });
    reload();
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "last-moderator") throw error;
    confirm(page, {
      title: texts.removeAsk(user),
      text: faultText(error, texts),
      action: texts.remove,
      isDanger: true,
      onConfirm: () => chat.request("remove", { user, evenLast: true }).then(reload),
    });
  }
}

function accountColumns(page: PageValue, reload: () => void): readonly Column<AccountEntry>[] {
  const { texts, times } = page;
  return [
    {
      id: "name",
      name: texts.name,
      isHead: true,
      sortKey: ({ user }) => user,
      cell: ({ user, displayName, online, banned }) => (
        <span className="table-person">
          <Avatar name={cleanText(displayName ?? user)} user={user} tint={tintOf(user)} />
          <span className={online ? "dot dot-on" : "dot"} />
          <Marked name={cleanText(displayName ?? user)} marks={[banned && texts.banned]} />
        </span>
      ),
    },
    {
      id: "more",
      name: texts.more,
      cell: (account) => (
        <MenuButton
          label={texts.actionsFor(cleanText(account.user))}
          items={() => accountItems(page, account, reload)}
        />
      ),
    },
    { id: "account", name: texts.accountSection, cell: ({ user }) => cleanText(user) },
    {
      id: "role",
      name: texts.role,
      cell: ({ operator }) => (operator ? texts.roleOperator : texts.roleMember),
    },
    field("seen", texts.seenLast, (seen, { online }) =>
      online ? texts.seenNow : seen === undefined ? texts.seenNever : times.utcDay(seen),
    ),
    field("since", texts.registered, times.full),
    field("devices", texts.devices, (devices, { password }) =>
      password ? texts.devicesAndPassword(devices) : String(devices),
    ),
    field("bytes", texts.dashboardFiles, formatSize),
  ];
}

export function DashboardAccounts() {
  const page = usePage();
  const { texts, chat, openDialog } = page;
  const importButton = (reload: () => void, variant?: "main") => (
    <Button
      variant={variant}
      onClick={() => openDialog(ImportDialog, { asksNames: false, onDone: reload })}
    >
      {texts.importList}
    </Button>
  );
  const addButton = (reload: () => void, variant?: "main") => (
    <Button
      variant={variant}
      onClick={() => openDialog(ImportDialog, { asksNames: true, onDone: reload })}
    >
      {texts.addPeople}
    </Button>
  );
  const bar = (reload: () => void) => (
    <>
      <Button onClick={() => openDialog(CardsDialog, { onDone: reload })}>
        {texts.cardsPrint}
      </Button>
      {importButton(reload)}
      {addButton(reload, "main")}
    </>
  );
  const start = (reload: () => void) => (
    <section className="empty-place" aria-label={texts.onlyYou}>
      <Icon name="people" />
      <h2>{texts.onlyYou}</h2>
      <p>{texts.onlyYouExplained}</p>
      <div>
        {importButton(reload, "main")}
        {addButton(reload)}
      </div>
    </section>
  );
  const load = async (request: ListRequest) => {
    const { accounts, total } = await chat.request("accounts", request);
    return { rows: accounts, total, summary: texts.accountsCount(total) };
  };
  return (
    <ServerTable
      label={texts.dashboardAccounts}
      none={texts.foundNothing}
      load={load}
      columnsOf={(reload) => accountColumns(page, reload)}
      keyOf={({ user }) => user}
      bar={bar}
      start={start}
      order={{ by: "name", down: false }}
    />
  );
}
