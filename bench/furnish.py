"""Users with a phone each in a new database, for a benchmark: made by the version that will be measured.

PYTHONPATH=<its tree> python -P bench/furnish.py URL COUNT PASSWORD
"""

import asyncio
import sys
import time

from offhook.store.database import open_database
from offhook.store.devices import Devices
from offhook.store.users import Users


async def furnish(url: str, count: int, password: str) -> None:
    database = await open_database(url)
    users, devices = Users(database, "hq"), Devices(database, "hq")
    for n in range(count):
        user = await users.add(f"u{n}", f"User {n}", str(1000 + n), now=time.time())
        await devices.add_phone(
            user.id, "Desk", f"u{n}-desk", secret=password, realm="offhook", srtp="auto", now=time.time()
        )
    await database.close()


if __name__ == "__main__":
    asyncio.run(furnish(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
