namespace NativeBuffers;

/// <summary>Sees that a <see cref="NativeArenaOwner"/> was forgotten: the two refer to each other, and the finalizer here closes the arena.</summary>
/// <remarks>
/// The collector may find the arena forgotten, and a finalizer of the program's may make it reachable again. Then this finalizer and the
/// program's threads meet at the arena's state, as threads do: the arena is closed once, and a borrow that began before keeps its memory.
/// </remarks>
internal sealed class ArenaGuardian(NativeArenaOwner arena)
{
    ~ArenaGuardian()
    {
        try
        {
            if (!arena.TryAbandon())
            {
                // A borrow goes on. If it is forgotten as well, the arena is found once more.
                GC.ReRegisterForFinalize(this);
            }
        }
        catch (Exception)
        {
            // A finalizer must not throw. There was no memory to register, or an allocator of the user's own threw.
        }
    }
}
