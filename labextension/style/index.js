import './base.css';
import './sidebar.css';
import './card.css';
import './detail.css';
