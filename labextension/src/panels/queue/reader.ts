/** A pool's queue from its front, as far as somebody wants it, read again after each word that something turned. */
import type { ServerConnection } from '@jupyterlab/services';
import { queue } from '../../api/queue';
import type { QueuePage, QueueRow } from '../../api/queue';
import { PAGE, PageReader } from '../../parts/PageReader';

/** What is expected of the time to come changes with the time, whether or not something happens. */
const AGAIN_MS = 30_000;

export class QueueReader extends PageReader<QueueRow, QueuePage> {
  constructor(settings: ServerConnection.ISettings, pool: string | null) {
    super((after, limit, signal) => queue(settings, pool, after, limit, signal), row => row.job, PAGE, AGAIN_MS);
  }
}
