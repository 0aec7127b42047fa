/* The first block of a list, and the blocks that take its place (decision 26).

Model:     One empty list, whose home is thread 0. Thread 0 takes the first block without an atomic operation, uses it, and disposes the list, or not.
           Thread 1 adds the first element from elsewhere: its block is a later one, and it shows the count of that block. Thread 2 makes
           the first block grow, in place or by a later block, and uses it, or disposes the list. It may have looked before the later block was there.
Left out:  Borrows, and the states of the slot but open, exclusive and closed: home.pml has them. How a thread knows that a home is at no use
           any more: this waits for it. A block that is left open in a list with a later block is freed by its cleaner, so it is no fault.
Property:  The first block is freed once, and not while its home uses it. A home uses it with a count of this block, never with that of a
           later one. A list that was disposed is over in the end.

Runs:
  grow: GROW
  dispose:

Mutations:
  COUNT_AFTER_NAME GROW: the home compares its name, then reads the count
  SHOW_KEEPS_NAME GROW: the thread that shows the count of a later block leaves the home its name
  NO_LOOK_AFTER_NAME GROW: the thread that grows the block becomes its home without a look at the later block
  NO_FENCE_AFTER_NAME GROW: it looks before its name is visible
  FORGET_HOME: a closing thread forgets that the home may be at its last use
  PLAIN_END: a thread that disposes an empty list leaves the end to the thread that adds the first element
*/
#define THREADS 3
#define WORDS 5
#define NAME 0              /* HomeBlock._home: 0 for none; 1 for thread 0, 3 for thread 2; 2 and 4 if that was taken away */
#define OPENED 1            /* OwnedBlock._opened: 0 without a block, then 1; 4 after it has grown in place */
#define GEN 2               /* the generation of the slot: that of OPENED if open; 2 exclusive, 3 closed */
#define LATER 3             /* ListCore._later: 0 for none, 1 and 2 for a block of thread 1 or 2, 3 for the end */
#define COUNT 4             /* NativeList.ElementCount: 0 for one inside the block, 1 for that of a later block */
#define K 2
#include "tso.h"

/* Variables of the model alone: the threads that use the block, whether it was taken and freed, whether a call of Dispose has returned. */
bool flight[THREADS];
bool taken;
bool freed;
bool disposed;
byte done;

#define LOCALS bool ok; bool used; byte c; byte g; byte home; byte opened
#define MINE(t) (t + 1)

/* A use by the home. */
inline useHere(t)
{
#ifndef COUNT_AFTER_NAME
  c = LOAD(t, COUNT);
#endif
  if
  :: atomic { LOAD(t, NAME) == MINE(t) && LOAD(t, OPENED) -> flight[t] = 1 };
#ifdef COUNT_AFTER_NAME
     c = LOAD(t, COUNT);
#endif
     assert(!c && taken && !freed);
     flight[t] = 0
  :: else
  fi;
  c = 0
}

/* HomeBlock.TakeHome. Afterwards used is 1 if home may be at its last use. */
inline takeName(t)
{
  used = 0;
  do
  :: home = LOAD(t, NAME);
     if
     :: home == 0 -> break
     :: home && (home - 1 + home % 2 == MINE(t)) -> STORE(t, NAME, 0); home = 0; break
     :: home && !(home - 1 + home % 2 == MINE(t)) && home % 2 == 0 -> home--; used = 1; break
     :: else -> CAS(t, NAME, home, home + 1); if :: ok -> used = 1; break :: else fi
     fi
  od;
  ok = 0
}

/* The block goes back, as soon as the home is at no use. */
inline giveBack(t)
{
#ifndef FORGET_HOME
  if :: used -> !flight[home - 1] :: else fi;
#endif
  atomic { assert(taken && !freed && !flight[0] && !flight[2]); freed = 1 }
}

/* HomeBlock.TryClose. */
inline closeFirst(t)
{
  do
  :: opened = LOAD(t, OPENED);
     takeName(t);
     g = LOAD(t, GEN);
     if
     :: g == opened -> CAS(t, GEN, opened, 3); if :: ok -> giveBack(t); break :: else fi
     :: g == 3 -> break
     :: g == 2 -> LOAD(t, GEN) != 2
     :: else
     fi
  od;
  opened = 0;
  home = 0;
  g = 0;
  used = 0
}

/* HomeBlock.Show. */
inline showCount(t)
{
#ifndef SHOW_KEEPS_NAME
  if :: LOAD(t, NAME) % 2 == 1 -> takeName(t) :: else fi;
  used = 0;
  home = 0;
#endif
  STORE(t, COUNT, 1)
}

/* ListCore.Close. */
inline dispose(t)
{
  if
  :: LOAD(t, LATER) == 0 && LOAD(t, NAME) == MINE(t) ->
     /* HomeBlock.TryCloseHere. */
     STORE(t, NAME, 0);
     if :: LOAD(t, OPENED) -> closeFirst(t) :: else fi;
     STORE(t, LATER, 3)
  :: else ->
     do
     :: g = LOAD(t, LATER);
        if
        :: g == 3 -> break
        :: g == 0 && !LOAD(t, OPENED) ->
           takeName(t);
#ifdef PLAIN_END
           ok = LOAD(t, LATER) == 0;
           break
#else
           CAS(t, LATER, 0, 3);
           if :: ok -> break :: else fi
#endif
        :: g == 0 && LOAD(t, OPENED) -> closeFirst(t); STORE(t, LATER, 3); break
        :: else ->
           /* The later block is closed. */
           STORE(t, LATER, 3);
           if :: LOAD(t, OPENED) -> closeFirst(t) :: else fi;
           break
        fi
     od
  fi;
  atomic { FENCE(t); disposed = 1 };
  used = 0;
  home = 0;
  g = 0;
  ok = 0
}

proctype home0()
{
  LOCALS;
  /* ListCore.TakeFirst at home. */
  if
  :: LOAD(0, LATER) == 0 && LOAD(0, NAME) == MINE(0) ->
     taken = 1;
     STORE(0, GEN, 1);
     STORE(0, OPENED, 1);
     if :: LOAD(0, LATER) -> closeFirst(0) :: else fi
  :: else
  fi;
  useHere(0);
  if :: dispose(0) :: skip fi;
  atomic { FENCE(0); done++ }
}

proctype adds()
{
  LOCALS;
  /* ListCore.TakeFirst elsewhere. */
  if
  :: LOAD(1, LATER) == 0 && !LOAD(1, OPENED) ->
     takeName(1);
     CAS(1, LATER, 0, 1)
  :: else
  fi;
  if :: LOAD(1, LATER) == 1 || LOAD(1, LATER) == 2 -> showCount(1) :: else fi;
  atomic { FENCE(1); done++ }
}

proctype grows()
{
  LOCALS;
#ifdef GROW
  /* HomeChanges.TryReserve. */
  if
  :: LOAD(2, LATER) == 0 && LOAD(2, OPENED) == 1 ->
     CAS(2, GEN, 1, 2);
     if
     :: ok ->
        takeName(2);
        if
        :: used ->
           CAS(2, LATER, 0, 2);
           STORE(2, GEN, 3);
           giveBack(2)
        :: else ->
           /* In place: HomeBlock.BeginNext. */
#ifdef NO_FENCE_AFTER_NAME
           STORE(2, NAME, MINE(2));
#else
           STORE(2, NAME, MINE(2));
           FENCE(2);
#endif
#ifndef NO_LOOK_AFTER_NAME
           if :: LOAD(2, LATER) -> takeName(2) :: else fi;
#endif
           STORE(2, OPENED, 4);
           STORE(2, GEN, 4);
           used = 0;
           home = 0;
           useHere(2)
        fi
     :: else
     fi
  :: else
  fi;
#else
  dispose(2);
#endif
  atomic { FENCE(2); done++ };
  done == 3;
  assert(!disposed || mem[LATER] == 3)
}

init
{
  atomic {
    mem[NAME] = MINE(0);
    run home0();
    run adds();
    run grows()
  }
}
