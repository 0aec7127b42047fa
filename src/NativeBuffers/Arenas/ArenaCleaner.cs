namespace NativeBuffers.Arenas;

/// <summary>Closes a forgotten <see cref="NativeArenaOwner"/> by its finalizer. Arena and cleaner refer to each other.</summary>
/// <remarks>
/// The collector may find the arena forgotten, and then a finalizer of the program may make it reachable again. In that case this
/// finalizer and the program's threads compete for the arena's state, as threads do. The arena is closed once, and a borrow that began
/// before keeps its memory.
/// </remarks>
internal sealed class ArenaCleaner(NativeArenaOwner arena)
{
    ~ArenaCleaner()
    {
        try
        {
            if (!arena.TryAbandon())
            {
                // A borrow goes on. If the borrow is forgotten as well, this finalizer runs again.
                GC.ReRegisterForFinalize(this);
            }
        }
        catch (Exception)
        {
            // A finalizer must not throw. There was no memory to register again, or the user's allocator threw.
        }
    }
}
