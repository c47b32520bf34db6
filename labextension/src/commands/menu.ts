/** The menu behind the dots of a training, on its card and in the main area: what its row's context menu offers too. */
import type { CommandRegistry } from '@lumino/commands';
import { Menu } from '@lumino/widgets';
import { CommandIds } from '../tokens';

const OFFERED: readonly (readonly string[])[] = [
  [CommandIds.pause, CommandIds.activate, CommandIds.stop, CommandIds.kill, CommandIds.retry],
  [CommandIds.extend, CommandIds.continue, CommandIds.fork],
  [CommandIds.clone, CommandIds.copyId],
  [CommandIds.archive, CommandIds.unarchive, CommandIds.delete]
];

/** @param byKey whether its first item is chosen at once, for the keys that follow */
export function openMenu(commands: CommandRegistry, job: string, button: HTMLElement, byKey: boolean, closed: () => void): void {
  const menu = new Menu({ commands });
  OFFERED.forEach((group, place) => {
    if (place > 0) {
      menu.addItem({ type: 'separator' });
    }
    group.filter(command => commands.hasCommand(command)).forEach(command => menu.addItem({ command, args: { job } }));
  });
  menu.aboutToClose.connect(() => {
    // Before what was chosen runs: a dialogue gives the focus back to what has it now.
    button.focus({ preventScroll: true });
    closed();
    window.setTimeout(() => menu.dispose()); // it is run after that
  });
  const below = button.getBoundingClientRect();
  menu.open(below.left, below.bottom);
  if (byKey) {
    menu.activateNextItem();
  }
}
