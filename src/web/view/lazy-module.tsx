/** The views and dialogs that shell/lazy.tsx loads on demand. */

import "./first-screen.ts";
import { ENGLISH_DEFERRED } from "../../ui/messages/en/deferred.ts";
import { IrcPasswordsDialog } from "./account/irc-passwords.tsx";
import { Dashboard } from "./admin/dashboard.tsx";
import { Badge } from "./attention/badge.tsx";
import { Notices, Removals } from "./attention/notices.tsx";
import { PinsDialog } from "./attention/pins.tsx";
import { canNotify } from "./attention/push-browser.ts";
import { disablePushes, notifyFromWorker, PushKeeper, PushSetting } from "./attention/pushes.tsx";
import { ReadersLine, ReceiptsDialog } from "./attention/readers.tsx";
import { playSound } from "./attention/sound.ts";
import { Typing } from "./attention/typing.tsx";
import { EmojiPicker } from "./emoji/picker.tsx";
import { Attachments } from "./files/attachments.tsx";
import { Files } from "./files/files.tsx";
import { Transfers } from "./files/transfers.tsx";
import { loginFieldError } from "./login/field-error.tsx";
import { GuessDelay } from "./login/guess-delay.tsx";
import { OperatorBanner, OperatorLinkNotice } from "./login/operator-banner.tsx";
import { ProgramOffer } from "./login/program-offer.tsx";
import { ResetForm } from "./login/reset-form.tsx";
import { IgnoredDialog } from "./room/ignored.tsx";
import { ModerationDialog } from "./room/moderation-dialog.tsx";
import { CreateRoomDialog, JoinDialog, RoomsDialog, TopicDialog } from "./room/room-dialogs.tsx";
import { RoomMenu } from "./room/room-menu.tsx";
import { SavedDialog } from "./room/saved.tsx";
import { Invitations, SafetyDialog, SealedDialog, SealedNotice } from "./room/sealed.tsx";
import { Search } from "./room/search.tsx";
import { Switcher } from "./room/switcher.tsx";
import { HelpDialog } from "./shell/help-dialog.tsx";
import { InviteDialog } from "./shell/invite-dialog.tsx";
import type { LazyModule } from "./shell/lazy.tsx";
import { LogoutDialog, SettingsDialog } from "./shell/settings-dialog.tsx";

export const LAZY_MODULE: LazyModule = {
  texts: ENGLISH_DEFERRED,
  Settings: SettingsDialog,
  Logout: LogoutDialog,
  IrcPasswords: IrcPasswordsDialog,
  Invite: InviteDialog,
  Help: HelpDialog,
  Join: JoinDialog,
  CreateRoom: CreateRoomDialog,
  Rooms: RoomsDialog,
  Switcher,
  Topic: TopicDialog,
  RoomMenu,
  Saved: SavedDialog,
  Ignored: IgnoredDialog,
  Files,
  Attachments,
  EmojiPicker,
  Search,
  Dashboard,
  OperatorBanner,
  OperatorLinkNotice,
  ProgramOffer,
  loginFieldError,
  Reset: ResetForm,
  GuessDelay,
  Moderation: ModerationDialog,
  Transfers,
  Sealed: SealedDialog,
  SealedNotice,
  Safety: SafetyDialog,
  Invitations,
  Removals,
  Badge,
  PushKeeper,
  PushSetting,
  canNotify,
  disablePushes,
  notifyFromWorker,
  playSound,
  Typing,
  Notices,
  Pins: PinsDialog,
  Readers: ReadersLine,
  Receipts: ReceiptsDialog,
};
