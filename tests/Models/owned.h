/* An owned block through several generations: the steps of Blocks/Handles/OwnedBlock.cs, Blocks/Handles/ExclusiveUse.cs and
   Blocks/Exclusion.cs, in the order of the code.

   Variables of the model alone, beside those of slot.h:
   excludes   1 + the thread that changes the block; 0 if none
   disposed   1 once a call of Dispose has returned
   released   1 once the caller has taken the block out */

#define HOMES 2

/* Exclusion.TryAskToClose. */
#define NO_REQUEST(n) G(n, Exclusive)
#define REQUEST(n) G(n, ClosePending)
#ifdef NO_ASK
#define ASK_TO_CLOSE(t, n) ok = 1
#else
#define ASK_TO_CLOSE(t, n) CAS(t, NOTE, NO_REQUEST(n), REQUEST(n)); if :: !ok -> ok = LOAD(t, NOTE) == REQUEST(n) :: else fi
#endif

#include "slot.h"

byte excludes;
byte disposed;
byte released;

/* The call of another thread's program that begins after Dispose has returned must not find the owner open. */
#define FOUND_OPEN(was) assert(!(was))

/* OwnedBlock.TryBorrowSlow. Leaves its result in ok. */
inline borrowOwned(t)
{
  was = disposed;
  do
  :: n = LOAD(t, OPENED);
     beginBorrow(t, n);
     if
     :: ok -> FOUND_OPEN(was); atomic { assert(!excludes && !released); use(t, n) }; endBorrow(t, n); break
     :: else
     fi;
     if :: LOAD(t, OPENED) == n -> break :: else fi
  od;
  n = 0;
  was = 0;
  ok = 0
}

/* OwnedBlock.Close. */
inline closeOwned(t)
{
  do
  :: n = LOAD(t, OPENED);
     g = LOAD(t, GEN);
     ok = 0;
     if
     :: g == G(n, Biased) ->
        READ_HOME(t);
        if :: HERE(t, home) -> closeHere(t, n) :: else fi
     :: else
     fi;
     if :: !ok -> closeOwner(t, n) :: else fi;
     if
     :: ok -> break
     :: !ok && LOAD(t, OPENED) == n -> break
     :: else
     fi
  od;
  disposed = 1;
  n = 0;
  g = 0;
  ok = 0
}

/* CloseProtocol.TryLeaveOpen to exclusive, once. */
inline leaveOpenToExclude(t, n)
{
  before = STATE(g);
  READ_HOME(t);
  if
  :: before == Open -> MOVE_CAS(t, n, Open, Exclusive)
  :: before == Biased -> MOVE_CAS(t, n, Biased, Exclusive)
  :: else -> MOVE_CAS(t, n, Shared, Exclusive)
  fi
}

/* OwnedBlock.TryEnterExclusive. Afterwards ok is 1 if this thread excludes the other threads. */
inline enterExclusive(t)
{
  do
  :: n = LOAD(t, OPENED);
     do
     :: g = LOAD(t, GEN);
        if
        :: IS_OPEN(g, n) -> leaveOpenToExclude(t, n); if :: ok -> break :: else fi
        :: !IS_OPEN(g, n) && IS_OVER(g, n) -> ok = 0; break
        :: else -> LOAD(t, GEN) != g
        fi
     od;
     if
     :: ok ->
        look(t);
        if
        :: used -> MOVE_CAS(t, n, Exclusive, Shared); ok = 0; break
        :: else ->
#ifndef NO_REREAD
           ok = LOAD(t, GEN) == G(n, Exclusive)
#endif
        fi;
        if :: ok -> break :: else fi
     :: else
     fi;
     if :: LOAD(t, OPENED) == n -> break :: else fi
  od;
  used = 0;
  before = 0;
  g = 0
}

/* OwnedBlock.CloseExclusive. */
inline closeExclusive(t)
{
  READ_HOME(t);
  atomic { MOVE_STORE(t, n, Exclusive, Closing); excludes = 0 };
  returnClosed(t, n);
  if
  :: hot == t + 1 -> STORE(t, NOTE, 0)      /* The next user of the slot. */
  :: else
  fi
}

/* ExclusiveUse.TryResize (to_state NextOpen), and TryReserve of a block that is at home here afterwards (NextBiased). */
inline resize(t)
{
  enterExclusive(t);
  if
  :: ok ->
     atomic { assert(!excludes && lent == n); NOT_USED(n); excludes = t + 1 };
     STORE(t, NOTE, NO_REQUEST(n));
     if
     :: /* The block moves to another place: its home is this thread's then. */
        STORE(t, HOME, t + 1);
        endNote(t);
        if
        :: ok ->
#ifdef GENERATION_BEFORE_OWNER
           if
           :: atomic { MOVE_STORE(t, n, Exclusive, NextOpen); lent = n + 1; excludes = 0 }
           :: atomic { MOVE_STORE(t, n, Exclusive, NextBiased); lent = n + 1; excludes = 0 }
           fi;
           STORE(t, OPENED, n + 1)
#else
           STORE(t, OPENED, n + 1);
           if
           :: atomic { MOVE_STORE(t, n, Exclusive, NextOpen); lent = n + 1; excludes = 0 }
           :: atomic { MOVE_STORE(t, n, Exclusive, NextBiased); lent = n + 1; excludes = 0 }
           fi
#endif
        :: else -> closeExclusive(t)
        fi
     :: /* The request for memory fails. */
        endNote(t);
        if
        :: ok -> atomic { FENCE(t); excludes = 0 }; MOVE_CAS(t, n, Exclusive, Shared)
        :: else -> closeExclusive(t)
        fi
#ifndef NO_RELEASE
     :: /* ExclusiveUse.TryRelease: the block leaves the slot, which becomes vacant. */
        atomic { MOVE_STORE(t, n, Exclusive, Scoped); lent = 0; released = 1; excludes = 0 }
#endif
     fi
  :: else
  fi;
  n = 0;
  g = 0;
  CLEAR_HOME;
  ok = 0
}

/* Exclusion.End. Afterwards ok is 1 if no thread has asked to close. */
inline endNote(t)
{
#ifdef NO_REQUESTS
  ok = 1
#elif defined(CLEAR_REQUEST)
  d_step { FENCE(t); ok = mem[NOTE] == NO_REQUEST(n); mem[NOTE] = 0 }
#else
  CAS(t, NOTE, NO_REQUEST(n), 0)
#endif
}
