/** The menu behind the dots of a training in the main area: what its row's context menu offers too. */
import type { CommandRegistry } from '@lumino/commands';
import { Menu } from '@lumino/widgets';
import { CommandIds } from '../tokens';

const OFFERED: readonly (readonly string[])[] = [
  [CommandIds.pause, CommandIds.activate, CommandIds.stop, CommandIds.kill, CommandIds.retry],
  [CommandIds.extend, CommandIds.continue, CommandIds.fork],
  [CommandIds.clone, CommandIds.copyId],
  [CommandIds.archive, CommandIds.unarchive, CommandIds.delete]
];

export function openMenu(commands: CommandRegistry, job: string, below: DOMRect): void {
  const menu = new Menu({ commands });
  OFFERED.forEach((group, place) => {
    if (place > 0) {
      menu.addItem({ type: 'separator' });
    }
    group.filter(command => commands.hasCommand(command)).forEach(command => menu.addItem({ command, args: { job } }));
  });
  menu.aboutToClose.connect(() => window.setTimeout(() => menu.dispose())); // what was chosen is run after that
  menu.open(below.left, below.bottom);
}
