/* A bin's owner and its visitors.

Model:     Two magazines of one slot each: the loaded one and the previous one. The owner (thread 0) takes, gives, exchanges the magazines, and
           opens the bin again. A visitor (thread 1) empties the bin, twice.
Left out:  Hot blocks, which visitors do not touch. The depot, whose lock is a full barrier. Full magazines that the owner pushes: like an exchange.
Property:  Each slot is in one place. The owner and a visitor never take the same one, and none is lost. No thread waits for ever.

Runs:
  visits:

Mutations:
  NO_BARRIER: the visitor passes no process-wide barrier
  NO_WAIT: the visitor does not wait until the owner is outside
  ANNOUNCE_LATE: the visitor raises the floor after the barrier
  FLOOR_BEFORE_INSIDE: the owner loads the floor first, then stores Inside
  COUNT_BEFORE_FLOOR: the owner loads the count before the floor
  PLAIN_LEAVE: leaving is not a release: the clear Inside passes the stores to the bin
  PLAIN_END_OF_VISIT: the end of a visit is not a release: the low floor passes the visitor's stores
  ENTER_ONCE: the owner that waited for the end of a visit does not look at the floor again
*/
#define THREADS 2
#define K 4
#define INSIDE 0
#define FLOOR 1
#define LIMIT 2
#define COUNT 3
#define LOADED 4            /* 0 or 1, the magazine; 2 for Magazine.None */
#define PREVIOUS 5          /* the count of the previous magazine */
#define CELL 6              /* CELL + m: the slot in magazine m */
#define WORDS 8
#include "tso.h"

#define TURNS 5
#define HIGH 9

#define IN_BIN 0
#define WITH_OWNER 1
#define IN_DEPOT 2
byte place[2];
byte done;

#define TO(slot, from, to) assert(place[slot] == from); place[slot] = to

#ifdef PLAIN_LEAVE
#define LEAVE_FIRST STORE(0, INSIDE, 0)
#define LEAVE skip
#else
#define LEAVE_FIRST skip
#define LEAVE STORE(0, INSIDE, 0)
#endif

/* The begin of Bin.TryTake and Bin.TryGive. */
inline begin()
{
#ifdef FLOOR_BEFORE_INSIDE
  floor = LOAD(0, FLOOR);
  STORE(0, INSIDE, 1);
  count = LOAD(0, COUNT)
#elif defined(COUNT_BEFORE_FLOOR)
  STORE(0, INSIDE, 1);
  count = LOAD(0, COUNT);
  floor = LOAD(0, FLOOR)
#else
  STORE(0, INSIDE, 1);
  floor = LOAD(0, FLOOR);
  count = LOAD(0, COUNT)
#endif
}

/* Bin.TryTake. */
inline take()
{
  begin();
  if
  :: count > floor ->
     LEAVE_FIRST;
     magazine = LOAD(0, LOADED);
     slot = LOAD(0, CELL + magazine);
     atomic { PUT(0, COUNT, count - 1); TO(slot, IN_BIN, WITH_OWNER) };
     LEAVE
  :: else -> STORE(0, INSIDE, 0)
  fi;
  count = 0; floor = 0; slot = 0; magazine = 0
}

/* Bin.TryGive. */
inline give(mine)
{
  begin();
  if
  :: count < LOAD(0, LIMIT) - floor ->
     LEAVE_FIRST;
     magazine = LOAD(0, LOADED);
     STORE(0, CELL + magazine, mine);
     atomic { PUT(0, COUNT, count + 1); TO(mine, WITH_OWNER, IN_BIN) };
     LEAVE
  :: else -> STORE(0, INSIDE, 0)
  fi;
  count = 0; floor = 0; magazine = 0
}

/* VisitGate.Enter. */
inline enter()
{
  STORE(0, INSIDE, 1);
  do
  :: LOAD(0, FLOOR) == 0 -> break
  :: LOAD(0, FLOOR) != 0 ->
     STORE(0, INSIDE, 0);
     LOAD(0, FLOOR) == 0;
     STORE(0, INSIDE, 1)
#ifdef ENTER_ONCE
     ; break
#endif
  od
}

/* Bin.TrySwap, and Bin.Open if a visitor has closed the bin. */
inline exchange()
{
  enter();
  magazine = LOAD(0, LOADED);
  count = LOAD(0, COUNT);
  if
  :: magazine == 2 ->
     STORE(0, PREVIOUS, 0);
     STORE(0, LOADED, 0);
     STORE(0, COUNT, 0);
     STORE(0, LIMIT, 1)
  :: else ->
     slot = LOAD(0, PREVIOUS);
     if
     :: slot != count ->
        STORE(0, PREVIOUS, count);
        STORE(0, LOADED, 1 - magazine);
        STORE(0, COUNT, slot)
     :: else
     fi
  fi;
  STORE(0, INSIDE, 0);
  magazine = 0; count = 0; slot = 0
}

proctype owner()
{
  byte floor, count, slot, magazine, turn;
  do
  :: turn < TURNS ->
     turn++;
     if
     :: take()
     :: place[0] == WITH_OWNER -> give(0)
     :: place[1] == WITH_OWNER -> give(1)
     :: exchange()
     fi
  :: else -> break
  od;
  turn = 0;
  FENCE(0);
  done++
}

proctype visitor()
{
  byte count, loaded, slot, turn;
  do
  :: turn < 2 ->
     turn++;
#ifdef ANNOUNCE_LATE
     BARRIER(1);
     STORE(1, FLOOR, HIGH);
#else
     STORE(1, FLOOR, HIGH);
     BARRIER(1);
#endif
#ifndef NO_WAIT
     LOAD(1, INSIDE) == 0;
#endif
     /* Bin.Close. */
     loaded = LOAD(1, LOADED);
     count = LOAD(1, COUNT);
     slot = LOAD(1, PREVIOUS);
#ifdef PLAIN_END_OF_VISIT
     STORE(1, FLOOR, 0);
#endif
     if
     :: loaded != 2 ->
        if
        :: count -> count = LOAD(1, CELL + loaded); TO(count, IN_BIN, IN_DEPOT)
        :: else
        fi;
        if
        :: slot -> slot = LOAD(1, CELL + 1 - loaded); TO(slot, IN_BIN, IN_DEPOT)
        :: else
        fi;
        STORE(1, LOADED, 2);
        STORE(1, COUNT, 0);
        STORE(1, PREVIOUS, 0);
        STORE(1, LIMIT, 0)
     :: else
     fi;
#ifndef PLAIN_END_OF_VISIT
     STORE(1, FLOOR, 0);
#endif
     /* The lock of visitors. */
     FENCE(1);
     count = 0; loaded = 0; slot = 0
  :: else -> break
  od;
  done++;
  done == 2;
  assert((place[0] == IN_BIN) + (place[1] == IN_BIN) == mem[COUNT] + mem[PREVIOUS])
}

init
{
  atomic {
    mem[LIMIT] = 1;
    mem[COUNT] = 1;
    mem[PREVIOUS] = 1;
    mem[CELL + 1] = 1;
    run owner();
    run visitor()
  }
}
