namespace NativeBuffers;

/// <summary>Options of a <see cref="NativeRegion"/>.</summary>
/// <example>
/// <code>
/// var options = new NativeRegionOptions { LockPages = true, WipeOnFree = true };   // for secrets
/// </code>
/// </example>
public sealed class NativeRegionOptions
{
    /// <summary>The preferred size of the pages. If the system refuses it, the region has smaller pages, and
    /// <see cref="NativeRegion.HugePagesRefusal"/> gives the reason.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is none of the three.</exception>
    public HugePages HugePages
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan((int)value, (int)HugePages.None, nameof(value));
            ArgumentOutOfRangeException.ThrowIfGreaterThan((int)value, (int)HugePages.Explicit, nameof(value));
            field = value;
        }
    }

    /// <summary>True to lock every committed page in memory, so that it never reaches the swap file.</summary>
    public bool LockPages { get; init; }

    /// <summary>True to overwrite contents with zeros before memory is given back: by decommitting, discarding, shrinking, disposing.</summary>
    /// <remarks>Contents that are already in the swap file are not overwritten: see <see cref="LockPages"/>.</remarks>
    public bool WipeOnFree { get; init; }
}
