/** The user's own place on a phone: face, status, and what can be set. */

import { HOUR_MS } from "../../../base/time.ts";
import { dndEnd, ownStatus } from "../../../core/model/selectors.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { helpOf } from "../../input/help-view.ts";
import { useModelValue, useOnline, usePage } from "../shell/context.tsx";
import { Icon, type IconName } from "../shell/icons.tsx";
import { InviteDialog } from "../shell/invite-dialog.tsx";
import { MenuButton, menuItem } from "../shell/menu.tsx";
import {
  hasOtherAccounts,
  openOwnAccount,
  SettingsDialog,
  type SettingsPart,
  signOutHere,
} from "../shell/settings-dialog.tsx";
import { Avatar, useShownName } from "./person.tsx";
import { SavedDialog } from "./saved.tsx";

const QUIET_HOURS = [1, 8, 24] as const;

/** The board above the rows. */
export function OwnHead({ me }: { readonly me: string }) {
  const page = usePage();
  const { texts, openDialog } = page;
  const name = useShownName(me);
  const isOnline = useOnline();
  const status = useModelValue((model) => ownStatus(model, Date.now()));
  const hasPrefs = useModelValue(({ prefs }) => prefs !== undefined);
  return (
    <div className="me">
      <button type="button" className="me-button" onClick={() => openOwnAccount(page)}>
        <span className="me-face">
          <Avatar name={name} user={me} tint={tintOf(me)} />
          <span className="me-camera">
            <Icon name="camera" />
          </span>
        </span>
        <span className="room-name" dir="auto">
          {name}
        </span>
        {isOnline ? (
          <span className="me-about" dir="auto">
            <span className="dot dot-on" /> {status ?? texts.online}
          </span>
        ) : null}
        <span className="sr-only">{texts.account}</span>
      </button>
      {hasPrefs ? (
        <div className="me-actions">
          <button
            type="button"
            className="board-button"
            onClick={() => openDialog(SettingsDialog, { part: "account" })}
          >
            <Icon name="smile" />
            {texts.setStatus}
          </button>
          <Quiet />
        </div>
      ) : null}
    </div>
  );
}

function Quiet() {
  const { texts, chat } = usePage();
  const end = useModelValue(dndEnd);
  if (end !== undefined) {
    return (
      <button
        type="button"
        className="board-button"
        aria-pressed="true"
        onClick={() => chat.actions.doNotDisturb(undefined)}
      >
        <Icon name="moon" />
        {texts.dnd}
      </button>
    );
  }
  const items = () =>
    QUIET_HOURS.map((hours) =>
      menuItem(texts.span(`${hours} h`), () =>
        chat.actions.doNotDisturb(Date.now() + hours * HOUR_MS),
      ),
    );
  return (
    <MenuButton className="board-button" label={texts.dnd} items={items}>
      <Icon name="moon" />
      {texts.dnd}
    </MenuButton>
  );
}

interface RowProps {
  readonly icon: IconName;
  readonly title: string;
  readonly about?: string;
  readonly isDanger?: boolean;
  readonly onPress: () => void;
}

function Row({ icon, title, about, isDanger, onPress }: RowProps) {
  return (
    <button
      type="button"
      className={isDanger === true ? "place-row is-danger" : "place-row"}
      onClick={onPress}
    >
      <Icon name={icon} />
      <span className="room-text">
        <span className="place-row-title">{title}</span>
        {about === undefined ? null : <span className="place-row-about">{about}</span>}
      </span>
      {isDanger === true ? null : <Icon name="next" />}
    </button>
  );
}

interface OwnRowsProps {
  readonly onJump: (target: string, seq: number) => void;
}

export function OwnRows({ onJump }: OwnRowsProps) {
  const page = usePage();
  const { texts, chat, openDialog } = page;
  const hasSaved = useModelValue((model) => model.prefs !== undefined);
  const saved = useModelValue((model) => model.saved.size);
  const set = (part: SettingsPart) => () => openDialog(SettingsDialog, { part });
  return (
    <>
      {hasSaved ? (
        <Row
          icon="bookmark"
          title={texts.saved}
          about={texts.messageCount(saved)}
          onPress={() => openDialog(SavedDialog, { onJump })}
        />
      ) : null}
      <Row icon="invite" title={texts.invite} onPress={() => openDialog(InviteDialog)} />
      <Row
        icon="person"
        title={texts.accountSection}
        about={texts.accountAbout}
        onPress={set("account")}
      />
      <Row
        icon="bell"
        title={texts.notifications}
        about={texts.notificationsAbout}
        onPress={set("notifications")}
      />
      <Row icon="look" title={texts.look} about={texts.lookAbout} onPress={set("look")} />
      <Row icon="eye" title={texts.privacy} about={texts.privacyAbout} onPress={set("privacy")} />
      <Row
        icon="device"
        title={texts.devices}
        about={texts.devicesAbout}
        onPress={set("devices")}
      />
      {hasOtherAccounts(page) ? null : (
        <Row
          icon="person"
          title={texts.addAccount}
          onPress={() => chat.addAccount().catch(page.fail)}
        />
      )}
      <hr className="place-line" />
      <Row icon="help" title={texts.help} onPress={() => helpOf(page).open()} />
      <Row icon="leave" title={texts.logout} isDanger onPress={() => signOutHere(page)} />
    </>
  );
}
