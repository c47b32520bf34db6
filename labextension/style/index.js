import './base.css';
import './sidebar.css';
import './list.css';
import './card.css';
import './detail.css';
import './tables.css';
import './log.css';
import './forms.css';
