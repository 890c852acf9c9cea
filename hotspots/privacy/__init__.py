"""What may be shown to those who are not staff: tables without small counts, tried by an attack."""

from hotspots.privacy.attack import attack as attack
from hotspots.privacy.rounding import about as about
from hotspots.privacy.suppression import suppress as suppress
from hotspots.privacy.tables import HIDDEN as HIDDEN
from hotspots.privacy.tables import SHOWN as SHOWN
from hotspots.privacy.tables import SMALL as SMALL
from hotspots.privacy.tables import THRESHOLD as THRESHOLD
from hotspots.privacy.tables import Published as Published
from hotspots.privacy.tables import PublishedCell as PublishedCell
from hotspots.privacy.tables import Sum as Sum
