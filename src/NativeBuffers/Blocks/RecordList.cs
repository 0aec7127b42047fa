namespace NativeBuffers.Blocks;

/// <summary>Records that are linked in both directions, so that any of them can leave. For one thread at a time.</summary>
/// <remarks>Each record begins with its <see cref="Link"/>, so both have one address.</remarks>
internal struct RecordList
{
    /// <summary>The link of the first record, or null.</summary>
    public unsafe Link* First;

    /// <summary>Puts a record in front.</summary>
    /// <safety>The caller may change the list, and the record is in no list.</safety>
    public unsafe void Add(Link* link)
    {
        link->Before = null;
        link->Next = First;
        if (First != null)
        {
            First->Before = link;
        }

        First = link;
    }

    /// <summary>Takes a record out.</summary>
    /// <safety>The caller may change the list, and the record is in this list.</safety>
    public unsafe void Remove(Link* link)
    {
        if (link->Next != null)
        {
            link->Next->Before = link->Before;
        }

        if (link->Before != null)
        {
            link->Before->Next = link->Next;
        }
        else
        {
            First = link->Next;
        }
    }

    /// <summary>The neighbours of a record.</summary>
    internal struct Link
    {
        /// <summary>The next record, or null.</summary>
        public unsafe Link* Next;

        /// <summary>The record before, or null. Unused in lists that lose records only at their front.</summary>
        public unsafe Link* Before;
    }
}
